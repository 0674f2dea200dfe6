// Package host is a machine as a process on it sees it: files that survive a power cut, programs,
// units, accounts, mounts and processes, and what the machine is like (Facts, Survey). It knows
// nothing of clusters. Start at System.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// StateDir holds what the tool remembers on a host: the sums of large files, and how things were
// before it came.
const StateDir = "/var/lib/kbootstrap"

// Files are the files of a machine, and the tool's own notes among them. What is written survives a
// power cut.
type Files struct {
	Root
	Steps

	Recording sync.Mutex // guards the directory of records, see kinds.KeepOriginal
	Undoing   sync.Mutex // guards that of transactions, see converge.Converge

	loadSums  sync.Once
	sums      *Sums
	unflushed unflushed
}

// shared is what a System and its views share while a process lives.
type shared struct {
	keeping sync.Mutex // guards kept
	kept    map[any]io.Closer
	stopped context.Context
	stop    context.CancelCauseFunc

	acting atomic.Pointer[Acting]

	touching sync.Mutex // guards touched
	touched  map[string]Moment
}

// ErrStopped is why Converge ended early after System.Stop.
var ErrStopped = errors.New("stopped")

// NewSystem is a System whose files lie below root. Blob and log may be nil where no File has a
// Blob and no caller reads the progress. Close it in the end.
func NewSystem(
	root string,
	run Runner,
	blob func(ctx context.Context, sha256 string) (Blob, error),
	log func(line string),
) *System {
	s := &shared{}
	s.stopped, s.stop = context.WithCancelCause(context.Background())
	return &System{Files: &Files{Root: Root(root)}, Run: run, Blob: blob, Log: log, shared: s}
}

// Stop ends each Converge of this machine, also those to come, with ErrStopped at the next place
// where that leaves things whole: what is being made is finished, what is only waited for is not. A
// service that is being changed becomes healthy first, as wanted or as before.
func (s *System) Stop() { s.shared.stop(ErrStopped) }

// Interrupted tells why nothing more is to be begun.
func (s *System) Interrupted(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return context.Cause(s.shared.stopped)
}

// UntilStopped is a context that Stop ends too.
func (s *System) UntilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(s.shared.stopped, func() { cancel(context.Cause(s.shared.stopped)) })
	return ctx, func() { release(); cancel(nil) }
}

// Logging is the same machine with its progress reported elsewhere: requests that go on at the same
// time have a view each, and each hears of its own.
func (s *System) Logging(log func(line string)) *System {
	view := *s
	view.Log = log
	return &view
}

// Keep returns what was opened under a key before, such as a connection to the Kubernetes API, or
// opens it. Close closes it.
func (s *System) Keep(key any, open func() (io.Closer, error)) (io.Closer, error) {
	s.shared.keeping.Lock()
	defer s.shared.keeping.Unlock()
	if kept := s.shared.kept[key]; kept != nil {
		return kept, nil
	}
	kept, err := open()
	if err != nil {
		return nil, err
	}
	if s.shared.kept == nil {
		s.shared.kept = map[any]io.Closer{}
	}
	s.shared.kept[key] = kept
	return kept, nil
}

// Close closes what keep has opened.
func (s *System) Close() {
	s.shared.stop(nil)
	s.shared.keeping.Lock()
	defer s.shared.keeping.Unlock()
	for _, kept := range s.shared.kept {
		_ = kept.Close()
	}
	s.shared.kept = nil
}

// Logf reports progress.
func (s *System) Logf(format string, args ...any) {
	if s.Log != nil {
		s.Log(fmt.Sprintf(format, args...))
	}
}

// Change runs a program that changes something. One that only tells something goes through Run.
func (s *System) Change(ctx context.Context, argv ...string) ([]byte, error) {
	var out []byte
	err := s.Step(Step{Op: OpRun, Path: strings.Join(argv, " ")}, func() (err error) {
		out, err = s.Run(ctx, argv...)
		return err
	})
	return out, err
}

// Absent reports whether a file does not exist, or cannot because what should be its directory is
// none.
func Absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// Poll calls done at once and then at each interval, until it says true or fails. When ctx ends
// first, poll returns ctx.Err.
func Poll(ctx context.Context, interval time.Duration, done func() (bool, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// System is a machine as a process on it sees it. NewSystem makes one.
type System struct {
	*Files
	// Run starts a program. One that changes something goes through Change.
	Run Runner
	// Blob opens a content by its sha256 (hex), waiting until the control machine has sent it.
	Blob func(ctx context.Context, sha256 string) (Blob, error)
	// Log reports progress in one plain line, such as "waiting for https://127.0.0.1:6443/readyz".
	// May be nil.
	Log    func(line string)
	shared *shared
}

// A Blob is a content that has arrived on the host and whose sum was verified.
type Blob interface {
	io.ReadCloser
	// Path is a file on the host that holds the content, below System.Root, on the same file system
	// as /opt and /var. A File takes it by rename where it can.
	Path() string
}
