package provision

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/resource"
)

// line is the way to a host whose node runs in this process. It can be cut; then another session is
// opened.
type line struct {
	*fakeHost
	before func() error // called before a session is opened in the place of another; its error is that of the try

	mu    sync.Mutex
	near  net.Conn
	tries int // to open a session in the place of another
}

// newLine is a host whose first session is open, and whose later ones are too when they are wanted.
func newLine(t *testing.T, name string) *line {
	t.Helper()
	l := &line{fakeHost: &fakeHost{root: t.TempDir(), runs: map[string]bool{}, Machine: &fleet.Machine{}}, tries: -1}
	l.Host.Name = name
	l.boot(t, "first")
	var served sync.WaitGroup
	l.open(t, true, func(context.Context) (node.Stream, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.tries++; l.tries > 0 && l.before != nil {
			if err := l.before(); err != nil {
				return nil, err
			}
		}
		near, far := net.Pipe()
		l.serve(t, far, &served)
		l.near = near
		return memory{near}, nil
	})
	t.Cleanup(func() { _ = l.Client.Close(); served.Wait() })
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
	r.options.Report, l.report = report, report
}

// TestApplySurvivesALostSession: whatever was under way, the run goes on over another session, and
// all is done.
func TestApplySurvivesALostSession(t *testing.T) {
	wanted := func(component, _ string) []resource.Resource {
		return []resource.Resource{file("/1-"+component, "x"), file("/2-"+component, "x")}
	}
	for kind, id := range map[string]string{fleet.EventStart: "", fleet.EventChange: "file /1-a", fleet.EventDone: ""} {
		t.Run(kind, func(t *testing.T) {
			l, other := newLine(t, "m1"), newLine(t, "m2")
			r := runOf(
				t, wanted, []*fakeHost{l.fakeHost, other.fakeHost}, component.Component{Name: "a"},
				component.Component{Name: "b", After: []string{"a"}},
			)
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
			if logs := seen.logs(); l.tries == 0 || other.tries != 0 ||
				!strings.Contains(logs, "m1: the connection was lost") ||
				!strings.Contains(logs, "m1: connected again") {
				t.Errorf("opened %d and %d sessions; told\n%s", l.tries, other.tries, logs)
			}
		})
	}
}

// TestApplySendsAgain: contents that wait for a step go with their session, and are sent again;
// those that became files are not.
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

// TestApplySendsWhatDisappearedAgain: what was there when the plan was made, and is gone when the
// session was lost, is sent.
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

// TestApplyAfterAReboot: what a step before had written, and what was lost with the power, is
// written again.
func TestApplyAfterAReboot(t *testing.T) {
	wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/"+component, "x")) }
	l := newLine(t, "m1")
	r := runOf(
		t, wanted, []*fakeHost{l.fakeHost}, component.Component{Name: "a"},
		component.Component{Name: "b", After: []string{"a"}}, component.Component{Name: "c", After: []string{"b"}},
	)
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

// TestApplyAfterALateReboot: what is lost with the power after the last step is written again
// before the run is done, and counted.
func TestApplyAfterALateReboot(t *testing.T) {
	wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/"+component, "x")) }
	l := newLine(t, "m1")
	r := runOf(
		t, wanted, []*fakeHost{l.fakeHost}, component.Component{Name: "a"},
		component.Component{Name: "b", After: []string{"a"}},
	)
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
	if changes := seen.of(fleet.EventChange); !slices.Equal(
		changes, []string{"m1 a file /a", "m1 b file /b", "m1 b file /b"},
	) {
		t.Errorf("told %q", changes)
	}
}
