package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/remote"
)

// memory is a stream in memory.
type memory struct{ net.Conn }

func (memory) Cause(noticed error) error { return noticed }

// inProcess opens sessions to a node that runs in this process, with its files below a directory.
// Each ends without an error, when the test does at the latest. Before each, before is called; its
// error is that of the try.
func inProcess(t *testing.T, root string, before func() error) (o Options, cut func()) {
	t.Helper()
	var (
		mu     sync.Mutex
		near   net.Conn
		served sync.WaitGroup
	)
	t.Cleanup(func() {
		if near != nil {
			_ = near.Close()
		}
		served.Wait()
	})
	dial := func(context.Context, inventory.Host) (node.Stream, error) {
		mu.Lock()
		defer mu.Unlock()
		if err := before(); err != nil {
			return nil, err
		}
		var far net.Conn
		near, far = net.Pipe()
		served.Go(func() {
			if err := node.Serve(context.Background(), far, node.Options{Root: root, Run: noPrograms}); err != nil {
				t.Error(err)
			}
		})
		return memory{near}, nil
	}
	return Options{Dial: dial}, func() { mu.Lock(); defer mu.Unlock(); _ = near.Close() }
}

func noPrograms(context.Context, ...string) ([]byte, error) { return nil, errors.New("not here") }

// connected is a host with a session that has the lock.
func connected(t *testing.T, name string, o Options) *Machine {
	t.Helper()
	f, err := Connect(t.Context(), []inventory.Host{{Name: name}}, o, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f[name]
}

// fragile is a host whose session can be cut; then another is opened.
type fragile struct {
	*Machine
	root   string
	cut    func()
	before func() error // called before a session is opened in the place of another; its error is that of the try
	tries  int          // to open a session in the place of another
}

// newFragile is a host whose first session is open.
func newFragile(t *testing.T) *fragile {
	t.Helper()
	f := &fragile{root: t.TempDir(), tries: -1}
	o, cut := inProcess(t, f.root, func() error {
		if f.tries++; f.tries > 0 && f.before != nil {
			return f.before()
		}
		return nil
	})
	f.Machine, f.cut = connected(t, "m1", o), cut
	return f
}

// look asks the host for nothing.
func (f *fragile) look(ctx context.Context) error {
	_, err := f.Client.Look(ctx, node.Query{})
	return err
}

// holder is who holds the host's lock.
func (f *fragile) holder(t *testing.T) node.Holder {
	t.Helper()
	var h node.Holder
	text, err := os.ReadFile(filepath.Join(f.root, "run/kbootstrap-lock/lock.json"))
	if err := errors.Join(err, json.Unmarshal(text, &h)); err != nil {
		t.Fatal(err)
	}
	return h
}

// unreached is what dialling a host that is away says.
func unreached(code fault.Code) error {
	return &remote.Error{
		Host: "m1", Op: "dial 192.0.2.1:22", Kind: remote.Unreachable, Err: code.Errorf("connection refused"),
	}
}

// newLost is a host whose session is cut, and a host that says this when it is dialled again.
func newLost(t *testing.T, says func(try int) error) (*fragile, error) {
	l := newFragile(t)
	l.before = func() error { return says(l.tries) }
	l.cut()
	return l, l.look(t.Context())
}

// TestReopenWaits: a host that is away is waited for, with pauses that grow, and for five minutes
// at most.
func TestReopenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l, err := newLost(t, func(try int) error {
			if try < 8 {
				return unreached(fault.HostLost)
			}
			return nil
		})
		if err != nil || l.tries != 8 {
			t.Fatalf("after %d tries: %v", l.tries, err)
		}
		if took := time.Since(start); took < 10*time.Second || took > time.Minute {
			t.Errorf("it took %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l, err := newLost(t, func(int) error { return unreached(fault.HostLost) })
		var away *node.AwayError
		if !errors.As(err, &away) || fault.Of(err) != fault.HostAway {
			t.Fatalf("got %v, code %s", err, fault.Of(err))
		}
		for _, words := range []string{"lost during observe", "was not reached again in 5m0s", "connection refused"} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%q lacks %q", err, words)
			}
		}
		if took := time.Since(start); took < 5*time.Minute || took > 6*time.Minute || l.tries > 100 {
			t.Errorf("%d tries in %v", l.tries, took)
		}
		// The next request does not wait a second time.
		if _, again := l.Client.Missing(t.Context(), nil); !errors.Is(again, err) {
			t.Errorf("again: %v", again)
		}
	})
}

// errOurs stands for the error that this run itself has the lock.
var errOurs = errors.New("ours")

// TestReopenGivesUp: what waiting does not mend ends it at once.
func TestReopenGivesUp(t *testing.T) {
	for name, says := range map[string]error{
		"another host key": &remote.Error{
			Host: "m1", Op: "host key", Kind: remote.HostKey, Err: errors.New("changed"),
		},
		"another operator": &node.LockedError{Holder: node.Holder{PID: 2, Host: "there"}},
		"no space any more": &remote.Error{
			Host: "m1", Op: "upload the agent", Kind: remote.Agent, Err: errors.New("full"),
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, err := newLost(t, func(int) error { return says })
			if !errors.Is(err, says) || l.tries != 1 {
				t.Errorf("%s: after %d tries: %v", name, l.tries, err)
			}
		})
	}
	for name, says := range map[string]error{
		"a boot in which no user may log in": &remote.Error{
			Host: "m1", Op: "log in", Kind: remote.Auth, Err: fault.LoginRefused.Errorf("refused"),
		},
		"our lost session has the lock":  errOurs,
		"our lost session lets go of it": &node.LockedError{},
		"lost again":                     &node.LostError{Err: io.EOF},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newFragile(t)
			ours := l.holder(t)
			l.before = func() error {
				if l.tries < 3 && errors.Is(says, errOurs) {
					return &node.LockedError{Holder: ours}
				}
				if l.tries < 3 {
					return says
				}
				return nil
			}
			l.cut()
			if err := l.look(t.Context()); err != nil || l.tries != 3 {
				t.Errorf("%s: after %d tries: %v", name, l.tries, err)
			}
		})
	}
}

// TestReopenIsBounded: a host that is lost again and again fails.
func TestReopenIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFragile(t)
		for i := range 6 {
			l.cut()
			err := l.look(t.Context())
			if last := i == 5; last != (err != nil) {
				t.Fatalf("loss %d: %v", i+1, err)
			}
			if err != nil && !strings.Contains(err.Error(), "for the 6th time in this run") {
				t.Error(err)
			}
		}
	})
}

// TestReopenIsCancelled: Ctrl-C while a host is away ends the wait.
func TestReopenIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFragile(t)
		ctx, cancel := context.WithCancel(t.Context())
		l.before = func() error { cancel(); return unreached(fault.HostLost) }
		l.cut()
		if err := l.look(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		l.before = nil // it was not the host's fault: others may still reach it
		if err := l.look(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestOpenTriesAgain: connections that are cut before anything was done are made again, a few
// times; a host that is not there is not waited for.
func TestOpenTriesAgain(t *testing.T) {
	early := &remote.Error{Host: "m1", Op: "handshake with 192.0.2.1:22", Kind: remote.Unreachable, Err: io.EOF}
	for name, c := range map[string]struct {
		says  []error
		tries int
		ok    bool
	}{
		"at once":           {nil, 1, true},
		"MaxStartups":       {[]error{early, early}, 3, true},
		"cut in the upload": {[]error{unreached(fault.HostLost)}, 2, true},
		"again and again":   {slices.Repeat([]error{early}, 9), 5, false},
		"no process listens": {
			[]error{&remote.Error{Kind: remote.Unreachable, Err: errors.New("connection refused")}}, 1, false,
		},
		"the key is refused": {
			[]error{&remote.Error{Kind: remote.Auth, Err: fault.LoginRefused.Errorf("refused")}}, 1, false,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			o, _ := inProcess(t, t.TempDir(), func() error {
				if tries++; tries <= len(c.says) {
					return c.says[tries-1]
				}
				return nil
			})
			f, err := Connect(t.Context(), []inventory.Host{{Name: "m1"}}, o, false)
			if (err == nil) != c.ok || tries != c.tries {
				t.Errorf("%s: %d tries: %v", name, tries, err)
			}
			f.Close()
		})
	}
}
