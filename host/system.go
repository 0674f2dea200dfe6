// Package host is a machine as a process on it sees it: files that survive a power cut, programs, units, accounts,
// mounts and processes, and what the machine is like (Facts, Survey). It knows nothing of clusters. Start at System.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// StateDir holds what the tool remembers on a host: the sums of large files, and how things were before it came.
const StateDir = "/var/lib/kbootstrap"

// Shared is what the resources of one System, and of its views, share while a process lives.
type shared struct {
	loadSums  sync.Once
	sums      *sums
	Recording sync.Mutex // guards the directory of records, see before.go
	Undoing   sync.Mutex // guards that of transactions, see transaction.go
	keeping   sync.Mutex // guards kept
	kept      map[any]io.Closer
	Unflushed unflushed
	stopped   context.Context
	stop      context.CancelCauseFunc
}

// ErrStopped is why Converge ended early after System.Stop.
var ErrStopped = errors.New("stopped")

// NewSystem is a System whose files lie below root. Blob and log may be nil where no File has a Blob and nobody reads the
// progress. Close it in the end.
func NewSystem(
	root string,
	run func(ctx context.Context, argv ...string) ([]byte, error),
	blob func(ctx context.Context, sha256 string) (Blob, error),
	log func(line string),
) *System {
	s := &shared{}
	s.stopped, s.stop = context.WithCancelCause(context.Background())
	return &System{Root: root, Run: run, Blob: blob, Log: log, Shared: s}
}

// Stop ends each Converge of this machine, also those to come, with ErrStopped at the next place where that leaves things
// whole: what is being made is finished, what is only waited for is not. A service that is being changed becomes healthy
// first, as wanted or as before.
func (s *System) Stop() { s.Shared.stop(ErrStopped) }

// Interrupted tells why nothing more is to be begun.
func (s *System) Interrupted(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return context.Cause(s.Shared.stopped)
}

// UntilStopped is a context that Stop ends too.
func (s *System) UntilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(s.Shared.stopped, func() { cancel(context.Cause(s.Shared.stopped)) })
	return ctx, func() { release(); cancel(nil) }
}

// Logging is the same machine with its progress reported elsewhere: requests that go on at the same time have a view each,
// and each hears of its own.
func (s *System) Logging(log func(line string)) *System {
	view := *s
	view.Log = log
	return &view
}

// Keep returns what was opened under a key before, such as a connection to the Kubernetes API, or opens it. Close
// closes it.
func (s *System) Keep(key any, open func() (io.Closer, error)) (io.Closer, error) {
	s.Shared.keeping.Lock()
	defer s.Shared.keeping.Unlock()
	if kept := s.Shared.kept[key]; kept != nil {
		return kept, nil
	}
	kept, err := open()
	if err != nil {
		return nil, err
	}
	if s.Shared.kept == nil {
		s.Shared.kept = map[any]io.Closer{}
	}
	s.Shared.kept[key] = kept
	return kept, nil
}

// Close closes what keep has opened.
func (s *System) Close() {
	s.Shared.stop(nil)
	s.Shared.keeping.Lock()
	defer s.Shared.keeping.Unlock()
	for _, kept := range s.Shared.kept {
		_ = kept.Close()
	}
	s.Shared.kept = nil
}

// Path is where a file of the host lies for this process.
func (s *System) Path(name string) string { return filepath.Join(s.Root, name) }

func (s *System) Logf(format string, args ...any) {
	if s.Log != nil {
		s.Log(fmt.Sprintf(format, args...))
	}
}

// Read is the content of a small file of the host; a file that is absent reads as nothing.
func (s *System) Read(name string) (string, error) {
	data, err := os.ReadFile(s.Path(name))
	if Absent(err) {
		return "", nil
	}
	return string(data), err
}

// Exists tells whether there is anything at a path of the host.
func (s *System) Exists(name string) bool {
	_, err := os.Stat(s.Path(name))
	return err == nil
}

// Program finds a program where a root shell would, and says where on the host it is; "" when it is nowhere.
func (s *System) Program(name string) string {
	for _, dir := range []string{
		"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
	} {
		if info, err := os.Stat(s.Path(dir + "/" + name)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return dir + "/" + name
		}
	}
	return ""
}

// Absent tells that a file does not exist, or cannot since what should be its directory is none.
func Absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotDir)
}

// Poll calls done at once and then at each interval, until it says true or fails. When ctx ends first, poll returns
// ctx.Err.
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
	// Root is the directory below which all files lie: "/" on a host, a temporary directory in a unit test.
	Root string
	// Run starts a program by its argv, without a shell, and returns its standard output. An error carries the argv and
	// the last lines of standard error.
	Run func(ctx context.Context, argv ...string) ([]byte, error)
	// Blob opens a content by its sha256 (hex), waiting until the control machine has sent it.
	Blob func(ctx context.Context, sha256 string) (Blob, error)
	// Log reports progress in one plain line, such as "waiting for https://127.0.0.1:6443/readyz". May be nil.
	Log func(line string)
	// Around is called for each change of the machine, and makes it by calling do, or does not: tests break runs there. It
	// is nil in production. It must be safe for calls at the same time.
	Around func(step Step, do func() error) error

	Shared *shared
}

// A Blob is a content that has arrived on the host and whose sum was verified.
type Blob interface {
	io.ReadCloser
	// Path is a file on the host that holds the content, below System.Root, on the same file system as /opt and /var. A
	// File takes it by rename where it can.
	Path() string
}
