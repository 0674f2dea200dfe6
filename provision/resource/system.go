package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// stateDir holds what the tool remembers on a host: the sums of large files, and how things were before it came.
const stateDir = "/var/lib/kbootstrap"

// shared is what the resources of one System, and of its views, share while a process lives.
type shared struct {
	loadSums   sync.Once
	sums       *sums
	recording  sync.Mutex // guards the directory of records, see before.go
	undoing    sync.Mutex // guards that of transactions, see transaction.go
	connecting sync.Mutex // guards apis
	apis       map[string]*api
	unflushed  unflushed
	stopped    context.Context
	stop       context.CancelCauseFunc
}

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
	return &System{Root: root, Run: run, Blob: blob, Log: log, shared: s}
}

// Stop ends each Converge of this machine, also those to come, with ErrStopped at the next place where that leaves things
// whole: what is being made is finished, what is only waited for is not. A service that is being changed becomes healthy
// first, as wanted or as before.
func (s *System) Stop() { s.shared.stop(ErrStopped) }

// interrupted tells why nothing more is to be begun.
func (s *System) interrupted(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return context.Cause(s.shared.stopped)
}

// untilStopped is a context that Stop ends too.
func (s *System) untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(s.shared.stopped, func() { cancel(context.Cause(s.shared.stopped)) })
	return ctx, func() { release(); cancel(nil) }
}

// Logging is the same machine with its progress reported elsewhere: requests that go on at the same time have a view each,
// and each hears of its own.
func (s *System) Logging(log func(line string)) *System {
	view := *s
	view.Log = log
	return &view
}

// Close closes the connections that are kept open to the Kubernetes API.
func (s *System) Close() {
	s.shared.stop(nil)
	s.shared.connecting.Lock()
	defer s.shared.connecting.Unlock()
	for _, a := range s.shared.apis {
		a.client.CloseIdleConnections()
	}
	s.shared.apis = nil
}

// path is where a file of the host lies for this process.
func (s *System) path(name string) string { return filepath.Join(s.Root, name) }

func (s *System) logf(format string, args ...any) {
	if s.Log != nil {
		s.Log(fmt.Sprintf(format, args...))
	}
}

// read is the content of a small file of the host; a file that is absent reads as nothing.
func (s *System) read(name string) (string, error) {
	data, err := os.ReadFile(s.path(name))
	if absent(err) {
		return "", nil
	}
	return string(data), err
}

// exists tells whether there is anything at a path of the host.
func (s *System) exists(name string) bool {
	_, err := os.Stat(s.path(name))
	return err == nil
}

// program finds a program where a root shell would, and says where on the host it is; "" when it is nowhere.
func (s *System) program(name string) string {
	for _, dir := range []string{
		"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
	} {
		if info, err := os.Stat(s.path(dir + "/" + name)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return dir + "/" + name
		}
	}
	return ""
}

// absent tells that a file does not exist, or cannot since what should be its directory is none.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir)
}

// poll calls done at once and then at each interval, until it says true or fails. When ctx ends first, poll returns
// ctx.Err.
func poll(ctx context.Context, interval time.Duration, done func() (bool, error)) error {
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

// journal is the end of a unit's journal, for an error message: indented, or a note that there is none.
func (s *System) journal(ctx context.Context, unit string) string {
	if unit == "" {
		return ""
	}
	// The deadline that has just passed must not keep us from saying why.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	out, err := s.Run(ctx, "journalctl", "-u", unit, "-n", "20", "--no-pager", "-o", "cat")
	text := strings.TrimSpace(string(out))
	if err != nil {
		text = "(unreadable: " + err.Error() + ")"
	}
	if text == "" {
		text = "(empty)"
	}
	return "\njournal of " + unit + ":\n    " + strings.ReplaceAll(text, "\n", "\n    ")
}
