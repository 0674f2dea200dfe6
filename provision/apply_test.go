package provision

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// reports keeps the events of a run.
type reports struct {
	mu     sync.Mutex
	events []fleet.Event
}

func (r *reports) take(e fleet.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// of are the events of a kind in one word each, sorted.
func (r *reports) of(kind string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, e := range r.events {
		if e.Kind == kind {
			all = append(all, strings.TrimSpace(e.Host+" "+e.Component+" "+e.ID))
		}
	}
	slices.Sort(all)
	return all
}

// TestApplySettles: what has changed after its step was done is found, and done again. When that
// does not succeed, the run has failed.
func TestApplySettles(t *testing.T) {
	for _, test := range []struct {
		name  string
		undo  func(root string) error
		fails bool
	}{
		{"lost", func(root string) error { return os.Remove(filepath.Join(root, "a")) }, false},
		{"occupied", func(root string) error {
			return errors.Join(os.Remove(filepath.Join(root, "a")), os.MkdirAll(filepath.Join(root, "a", "b"), 0o755))
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, "m1")
			wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/"+component, "x")) }
			r := runOf(t, wanted, []*fakeHost{h}, component.Component{Name: "a"},
				component.Component{Name: "b", After: []string{"a"}})
			r.settles = true
			var once sync.Once
			r.options.Report = func(e fleet.Event) {
				if e.Kind == fleet.EventDone && e.Component == "b" {
					once.Do(func() {
						if err := test.undo(h.root); err != nil {
							t.Error(err)
						}
					})
				}
			}
			summary, err := r.Apply(t.Context())
			if test.fails {
				if err == nil || !strings.Contains(err.Error(), "file /a: ") || len(summary.Outcome.Failed) != 1 {
					t.Fatalf("got %v, outcome %+v", err, summary.Outcome)
				}
				return
			}
			if err != nil || h.read(t, "/a") != "x" || summary.Changed["m1"] != 3 {
				t.Errorf("got %q, %d changes, %v", h.read(t, "/a"), summary.Changed["m1"], err)
			}
		})
	}
}

func TestApply(t *testing.T) {
	hosts := []*fakeHost{newHost(t, "m1"), newHost(t, "m2")}
	wanted := func(component, name string) []resource.Resource { return fixture.ListOf(file("/"+component, name)) }
	r := runOf(t, wanted, hosts, component.Component{Name: "a"}, component.Component{Name: "b", Needs: []string{"a"}})
	var seen reports
	r.options.Report = seen.take
	summary, err := r.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]int{"m1": 2, "m2": 2}, summary.Changed); d != "" || summary.Total() != 4 {
		t.Errorf("changed, %d in all:\n%s", summary.Total(), d)
	}
	for _, h := range hosts {
		if got := h.read(t, "/a") + h.read(t, "/b"); got != h.Host.Name+h.Host.Name {
			t.Errorf("%s has %q", h.Host.Name, got)
		}
	}
	for kind, want := range map[string][]string{
		fleet.EventStart:  {"m1 a", "m1 b", "m2 a", "m2 b"},
		fleet.EventChange: {"m1 a file /a", "m1 b file /b", "m2 a file /a", "m2 b file /b"},
		fleet.EventDone:   {"m1 a", "m1 b", "m2 a", "m2 b"},
		fleet.EventFailed: nil,
	} {
		if d := cmp.Diff(want, seen.of(kind)); d != "" {
			t.Errorf("%s:\n%s", kind, d)
		}
	}

	// Again: nothing differs, and no step is even started.
	r.look(t)
	seen.events = nil
	if summary, err = r.Apply(t.Context()); err != nil || summary.Total() != 0 || seen.events != nil {
		t.Errorf("again: %+v, %v, %v", summary, err, seen.events)
	}
}

// TestApplyNamesTheCause: what cannot be done on one host leaves the other finished, and is told by
// host and component.
func TestApplyNamesTheCause(t *testing.T) {
	hosts := []*fakeHost{newHost(t, "m1"), newHost(t, "m2")}
	wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/etc/"+component, "x")) }
	r := runOf(t, wanted, hosts, component.Component{Name: "a"}, component.Component{Name: "b", After: []string{"a"}})
	if err := os.WriteFile(filepath.Join(hosts[1].root, "etc"), nil, 0o600); err != nil { // where a directory must be
		t.Fatal(err)
	}
	var seen reports
	r.options.Report = seen.take
	summary, err := r.Apply(t.Context())
	var failures plan.Failures
	if !errors.As(err, &failures) || len(failures) != 1 || failures[0].Host != "m2" || failures[0].Component != "a" {
		t.Fatalf("got %v", err)
	}
	if !strings.HasPrefix(err.Error(), "m2: a: file /etc/a: ") {
		t.Errorf("got %v", err)
	}
	if summary.Changed["m1"] != 2 || hosts[0].read(t, "/etc/b") != "x" {
		t.Errorf("m1 was not finished: %+v", summary)
	}
	if d := cmp.Diff([]string{"m2 a"}, seen.of(fleet.EventFailed)); d != "" {
		t.Error(d)
	}
}

// withPrograms is a run on one host that wants some programs of a release.
func withPrograms(t *testing.T, h *fakeHost, names ...string) (*Run, *release.Set) {
	t.Helper()
	set := fixture.Resolve(t, fixture.Parse(t, fixture.Small))
	wanted := func(string, string) []resource.Resource {
		var rs []resource.Resource
		for _, name := range names {
			content, err := set.Content(name)
			if err != nil {
				t.Fatal(err)
			}
			f := file("/opt/"+name, "")
			f.Content, f.Blob, f.Size = nil, content.SHA256, content.Size
			rs = append(rs, f)
		}
		return append(rs, file("/version", strings.Join(names, " ")))
	}
	r := runOf(t, wanted, []*fakeHost{h}, component.Component{Name: "programs"})
	for i := range r.Plan.Steps {
		r.Plan.Steps[i].Target.Release = set
	}
	return r, set
}

// TestApplySendsWhatIsMissing: contents travel once, and only those that the host lacks.
func TestApplySendsWhatIsMissing(t *testing.T) {
	h := newHost(t, "m1")
	r, _ := withPrograms(t, h, "kubelet", "etcd")
	var seen reports
	r.options.Report = seen.take
	summary, err := r.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if h.read(t, "/opt/kubelet") != string(fixture.Binary("kubelet")) || summary.Bytes["m1"] == 0 ||
		len(seen.of(fleet.EventSent)) != 2 {
		t.Errorf("%q, %+v", h.read(t, "/opt/kubelet"), summary)
	}
	r, _ = withPrograms(t, h, "kubelet", "etcd", "runc")
	seen.events = nil
	r.options.Report = seen.take
	if _, err = r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(seen.of(fleet.EventSent)) != 1 || h.read(t, "/opt/runc") != string(fixture.Binary("runc")) {
		t.Errorf("sent %v", seen.of(fleet.EventSent))
	}
}

// TestApplyDoesNotWaitForever: a host never waits for a content that will not come, such as one
// that is gone from the cache.
func TestApplyDoesNotWaitForever(t *testing.T) {
	h := newHost(t, "m1")
	r, set := withPrograms(t, h, "kubelet")
	content, err := set.Content("kubelet")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := content.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if err := os.Remove(stream.(interface{ Name() string }).Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "send kubelet") ||
		fault.Of(err) != fault.ContentNotSent {
		t.Errorf("not in the cache: got %v", err)
	}
}

// TestApplySendsWhatDisappeared: a content that was there when the plan was made, and is gone
// since, is sent, even though the session has handed it out once.
func TestApplySendsWhatDisappeared(t *testing.T) {
	for _, session := range []string{"the same", "another"} {
		h := newHost(t, "m1")
		r, _ := withPrograms(t, h, "kubelet")
		if _, err := r.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
		if session == "another" {
			h.connect(t) // a session keeps what it has received
		}
		r, _ = withPrograms(t, h, "kubelet", "etcd")
		if err := os.Remove(filepath.Join(h.root, "opt/kubelet")); err != nil {
			t.Fatal(err)
		}
		var seen reports
		r.options.Report = seen.take
		if _, err := r.Apply(t.Context()); err != nil {
			t.Errorf("%s session: %v", session, err)
		}
		if h.read(t, "/opt/kubelet") != string(fixture.Binary("kubelet")) ||
			h.read(t, "/opt/etcd") != string(fixture.Binary("etcd")) {
			t.Errorf("%s session: %q, %q", session, h.read(t, "/opt/kubelet"), h.read(t, "/opt/etcd"))
		}
		if sent := len(seen.of(fleet.EventSent)); sent != map[string]int{"the same": 1, "another": 2}[session] {
			t.Errorf("%s session: %d contents were sent", session, sent)
		}
	}
}

// TestApplyStops: an end of the context is told as what it was, even when no step was under way to
// notice.
func TestApplyStops(t *testing.T) {
	h := newHost(t, "m1")
	wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/"+component, "x")) }
	r := runOf(
		t, wanted, []*fakeHost{h}, component.Component{Name: "a"}, component.Component{Name: "b", After: []string{"a"}},
	)
	ctx, cancel := context.WithCancel(t.Context())
	r.options.Report = func(e fleet.Event) {
		if e.Kind == fleet.EventDone && e.Component == "a" {
			cancel()
		}
	}
	summary, err := r.Apply(ctx)
	if !errors.Is(err, context.Canceled) || summary.Changed["m1"] != 1 || h.read(t, "/b") != "" {
		t.Errorf("got %v, %+v", err, summary)
	}
	r.options.Report = nil
	r.look(t)
	late, cancelLate := context.WithTimeout(t.Context(), 0)
	defer cancelLate()
	if _, err := r.Apply(late); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with no time: got %v", err)
	}
}

// TestApplyFinishesItsStep: asked to stop, a run finishes what it is at and begins nothing more,
// and waits for nothing any more.
func TestApplyFinishesItsStep(t *testing.T) {
	h := newHost(t, "m1")
	wanted := func(component, _ string) []resource.Resource {
		return fixture.ListOf(
			file("/"+component, "x"),
			resource.Ready{Name: "silence", URL: "unix:///silence", Timeout: time.Hour},
		)
	}
	r := runOf(
		t, wanted, []*fakeHost{h}, component.Component{Name: "a"}, component.Component{Name: "b", After: []string{"a"}},
	)
	ctx, cancel := context.WithCancel(t.Context())
	var seen reports
	r.options.Report = func(e fleet.Event) {
		seen.take(e)
		if e.Kind == fleet.EventLog && strings.HasPrefix(e.Text, "waiting for unix:///silence") {
			cancel()
		}
	}
	_, err := r.Apply(ctx)
	var failures plan.Failures
	if !errors.Is(err, context.Canceled) || errors.As(err, &failures) {
		t.Errorf("got %v", err)
	}
	if h.read(t, "/a") != "x" || h.read(t, "/b") != "" {
		t.Errorf("a %q, b %q", h.read(t, "/a"), h.read(t, "/b"))
	}
	if d := cmp.Diff([]string{"m1 a"}, seen.of(fleet.EventStopped)); d != "" {
		t.Error(d)
	}
	if failed := seen.of(fleet.EventFailed); failed != nil {
		t.Errorf("failed: %q", failed)
	}
}
