package provision

import (
	"context"
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
	"kbootstrap/internal/fixture"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/remote"
	"kbootstrap/resource"
)

// line is the way to a host whose node runs in this process. It can be cut; then another session is opened.
type line struct {
	*fakeHost
	before func() error // called before a session is opened; its error is that of the try

	mu    sync.Mutex
	near  net.Conn
	tries int
}

// newLine is a host whose first session is open, and whose later ones are too when they are wanted.
func newLine(t *testing.T, name string) *line {
	t.Helper()
	l := &line{fakeHost: &fakeHost{root: t.TempDir(), runs: map[string]bool{}, Machine: &fleet.Machine{}}}
	l.Host.Name = name
	l.boot(t, "first")
	var served sync.WaitGroup
	l.Holder = node.Holder{PID: 1, Host: "here", Since: time.Unix(1, 0)}
	l.Dial = func(ctx context.Context) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.tries++; l.before != nil {
			if err := l.before(); err != nil {
				return err
			}
		}
		near, far := net.Pipe()
		served.Go(func() {
			if err := node.Serve(context.Background(), far, node.Options{Root: l.root, Run: l.run}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		l.near, l.Fresh = near, node.NewClient(near)
		if err := l.Fresh.Lock(ctx, l.Holder); err != nil { // the node of the session before is about to end
			_ = l.Fresh.Close()
			return err
		}
		return nil
	}
	if err := l.Dial(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Client, l.BootID, l.tries = l.Fresh, "first", 0
	l.Client.OnLost(l.Reopen)
	t.Cleanup(func() { l.Close(); served.Wait() })
	return l
}

// boot gives the host another boot.
func (l *line) boot(t *testing.T, id string) {
	t.Helper()
	path := filepath.Join(l.root, "proc/sys/kernel/random/boot_id")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// cut ends the session as a lost connection does.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.near.Close()
}

// logs are the lines of progress.
func (r *reports) logs() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []string
	for _, e := range r.events {
		if e.Kind == fleet.EventLog {
			lines = append(lines, e.Host+": "+e.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// cutOnce cuts the line of a run at the first event of that kind for the ID.
func (l *line) cutOnce(r *Run, seen *reports, kind, id string) {
	cut := sync.OnceFunc(l.cut)
	report := func(e fleet.Event) {
		seen.take(e)
		if e.Kind == kind && (id == "" || e.ID == id || e.Text == id) {
			cut()
		}
	}
	r.options.Report, l.Options.Report = report, report
}

// TestApplySurvivesALostSession: whatever was under way, the run goes on over another session, and all is done.
func TestApplySurvivesALostSession(t *testing.T) {
	wanted := func(component, _ string) []resource.Resource {
		return []resource.Resource{file("/1-"+component, "x"), file("/2-"+component, "x")}
	}
	for kind, id := range map[string]string{fleet.EventStart: "", fleet.EventChange: "file /1-a", fleet.EventDone: ""} {
		t.Run(kind, func(t *testing.T) {
			l, other := newLine(t, "m1"), newLine(t, "m2")
			r := runOf(t, wanted, []*fakeHost{l.fakeHost, other.fakeHost}, component.Component{Name: "a"}, component.Component{Name: "b", After: []string{"a"}})
			var seen reports
			l.cutOnce(r, &seen, kind, id)
			if _, err := r.Apply(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"/1-a", "/2-a", "/1-b", "/2-b"} {
				if l.read(t, path) != "x" || other.read(t, path) != "x" {
					t.Errorf("%s was not written", path)
				}
			}
			if logs := seen.logs(); l.tries == 0 || other.tries != 0 || !strings.Contains(logs, "m1: the connection was lost") || !strings.Contains(logs, "m1: connected again") {
				t.Errorf("opened %d and %d sessions; told\n%s", l.tries, other.tries, logs)
			}
		})
	}
}

// TestApplySendsAgain: contents that wait for a step go with their session, and are sent again; those that became files
// are not.
func TestApplySendsAgain(t *testing.T) {
	l := newLine(t, "m1")
	r, _ := withPrograms(t, l.fakeHost, "kubelet", "etcd", "runc")
	var seen reports
	l.cutOnce(r, &seen, fleet.EventChange, "file /opt/kubelet")
	if _, err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kubelet", "etcd", "runc"} {
		if l.read(t, "/opt/"+name) != string(fixture.Binary(name)) {
			t.Errorf("%s has %q", name, l.read(t, "/opt/"+name))
		}
	}
	if l.tries == 0 {
		t.Error("no session was opened")
	}
}

// TestApplySendsWhatDisappearedAgain: what was there when the plan was made, and is gone when the session was lost, is sent.
func TestApplySendsWhatDisappearedAgain(t *testing.T) {
	l := newLine(t, "m1")
	r, _ := withPrograms(t, l.fakeHost, "kubelet")
	if _, err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, _ = withPrograms(t, l.fakeHost, "etcd", "kubelet", "runc")
	var seen reports
	l.cutOnce(r, &seen, fleet.EventChange, "file /opt/etcd")
	l.before = func() error {
		if err := os.Remove(filepath.Join(l.root, "opt/kubelet")); err != nil && l.tries == 1 {
			return err
		}
		return nil
	}
	if _, err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kubelet", "etcd", "runc"} {
		if l.read(t, "/opt/"+name) != string(fixture.Binary(name)) {
			t.Errorf("%s has %q", name, l.read(t, "/opt/"+name))
		}
	}
}

// TestApplyAfterAReboot: what a step before had written, and what was lost with the power, is written again.
func TestApplyAfterAReboot(t *testing.T) {
	wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/"+component, "x")) }
	l := newLine(t, "m1")
	r := runOf(t, wanted, []*fakeHost{l.fakeHost}, component.Component{Name: "a"}, component.Component{Name: "b", After: []string{"a"}}, component.Component{Name: "c", After: []string{"b"}})
	var seen reports
	l.cutOnce(r, &seen, fleet.EventChange, "file /b")
	l.before = func() error {
		l.boot(t, "second")
		if err := os.Remove(filepath.Join(l.root, "a")); err != nil && l.tries == 1 {
			return err
		}
		return nil
	}
	if _, err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.read(t, "/a") + l.read(t, "/b") + l.read(t, "/c"); got != "xxx" {
		t.Errorf("got %q", got)
	}
	if logs := seen.logs(); !strings.Contains(logs, "m1: the host rebooted during ") {
		t.Errorf("told\n%s", logs)
	}
}

// TestApplyAfterALateReboot: what is lost with the power after the last step is written again before the run is done, and
// counted.
func TestApplyAfterALateReboot(t *testing.T) {
	wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/"+component, "x")) }
	l := newLine(t, "m1")
	r := runOf(t, wanted, []*fakeHost{l.fakeHost}, component.Component{Name: "a"}, component.Component{Name: "b", After: []string{"a"}})
	var seen reports
	r.options.Report = func(e fleet.Event) {
		seen.take(e)
		if e.Kind == fleet.EventDone && e.Component == "b" {
			l.cut()
		}
	}
	l.before = func() error {
		l.boot(t, "second")
		if err := os.Remove(filepath.Join(l.root, "b")); err != nil && l.tries == 1 {
			return err
		}
		return nil
	}
	summary, err := r.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := l.read(t, "/a") + l.read(t, "/b"); got != "xx" || summary.Changed["m1"] != 3 {
		t.Errorf("got %q with %d changes", got, summary.Changed["m1"])
	}
	if changes := seen.of(fleet.EventChange); !slices.Equal(changes, []string{"m1 a file /a", "m1 b file /b", "m1 b file /b"}) {
		t.Errorf("told %q", changes)
	}
}

// unreached is what dialling a host that is away says.
func unreached(code fault.Code) error {
	return &remote.Error{Host: "m1", Op: "dial 192.0.2.1:22", Kind: remote.Unreachable, Err: code.Errorf("connection refused")}
}

// lostLine is a line that is cut, and a host that says this when it is dialled again.
func lostLine(t *testing.T, says func(try int) error) (*line, error) {
	l := newLine(t, "m1")
	l.before = func() error { return says(l.tries) }
	l.cut()
	_, err := l.Client.Facts(t.Context())
	return l, err
}

// TestReopenWaits: a host that is away is waited for, with pauses that grow, and for five minutes at most.
func TestReopenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l, err := lostLine(t, func(try int) error {
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
		l, err := lostLine(t, func(int) error { return unreached(fault.HostLost) })
		var away *fleet.AwayError
		if !errors.As(err, &away) || fault.Of(err) != fault.HostAway {
			t.Fatalf("got %v, code %s", err, fault.Of(err))
		}
		for _, words := range []string{"lost during facts", "was not reached again in 5m0s", "connection refused"} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%q lacks %q", err, words)
			}
		}
		if took := time.Since(start); took < fleet.AwayTimeout || took > fleet.AwayTimeout+time.Minute || l.tries > 100 {
			t.Errorf("%d tries in %v", l.tries, took)
		}
		// Nobody waits a second time.
		if _, again := l.Client.Missing(t.Context(), nil); !errors.Is(again, err) {
			t.Errorf("again: %v", again)
		}
	})
}

// TestReopenGivesUp: what waiting does not mend ends it at once.
func TestReopenGivesUp(t *testing.T) {
	for name, says := range map[string]error{
		"another host key":  &remote.Error{Host: "m1", Op: "host key", Kind: remote.HostKey, Err: errors.New("changed")},
		"another operator":  &node.LockedError{Holder: node.Holder{PID: 2, Host: "there"}},
		"no space any more": &remote.Error{Host: "m1", Op: "upload the agent", Kind: remote.Agent, Err: errors.New("full")},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, err := lostLine(t, func(int) error { return says })
			if !errors.Is(err, says) || l.tries != 1 {
				t.Errorf("%s: after %d tries: %v", name, l.tries, err)
			}
		})
	}
	for name, says := range map[string]error{
		"a boot in which nobody may log in": &remote.Error{Host: "m1", Op: "log in", Kind: remote.Auth, Err: fault.LoginRefused.Errorf("refused")},
		"our lost session has the lock":     &node.LockedError{Holder: node.Holder{PID: 1, Host: "here", Since: time.Unix(1, 0)}},
		"our lost session lets go of it":    &node.LockedError{},
		"lost again":                        &node.LostError{Err: io.EOF},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLine(t, "m1")
			l.before = func() error {
				if l.tries < 3 {
					return says
				}
				return nil
			}
			l.cut()
			if _, err := l.Client.Facts(t.Context()); err != nil || l.tries != 3 {
				t.Errorf("%s: after %d tries: %v", name, l.tries, err)
			}
		})
	}
}

// TestReopenIsBounded: a host that is lost again and again fails.
func TestReopenIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, "m1")
		for i := range fleet.Opens + 1 {
			l.cut()
			_, err := l.Client.Facts(t.Context())
			if last := i == fleet.Opens; last != (err != nil) {
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
		l := newLine(t, "m1")
		ctx, cancel := context.WithCancel(t.Context())
		l.before = func() error { cancel(); return unreached(fault.HostLost) }
		l.cut()
		if _, err := l.Client.Facts(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		l.before = nil // it was not the host's fault: others may still reach it
		if _, err := l.Client.Facts(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestOpenTriesAgain: connections that are cut before anything was done are made again, a few times; a host that is not
// there is not waited for.
func TestOpenTriesAgain(t *testing.T) {
	early := &remote.Error{Host: "m1", Op: "handshake with 192.0.2.1:22", Kind: remote.Unreachable, Err: io.EOF}
	for name, c := range map[string]struct {
		says  []error
		tries int
		ok    bool
	}{
		"at once":            {nil, 1, true},
		"MaxStartups":        {[]error{early, early}, 3, true},
		"cut in the upload":  {[]error{unreached(fault.HostLost)}, 2, true},
		"again and again":    {slices.Repeat([]error{early}, 9), fleet.Opens, false},
		"nobody listens":     {[]error{&remote.Error{Kind: remote.Unreachable, Err: errors.New("connection refused")}}, 1, false},
		"the key is refused": {[]error{&remote.Error{Kind: remote.Auth, Err: fault.LoginRefused.Errorf("refused")}}, 1, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			m := &fleet.Machine{}
			m.Dial = func(context.Context) error {
				if tries++; tries <= len(c.says) {
					return c.says[tries-1]
				}
				return nil
			}
			if err := m.Open(t.Context()); (err == nil) != c.ok || tries != c.tries {
				t.Errorf("%s: %d tries: %v", name, tries, err)
			}
		})
	}
}
