package resource_test

import (
	"context"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/converge"
)

// TestCrashStopped: a service is stopped that systemd has to kill, as an API server without etcd,
// and then started again, as by recover and its up. A run that is killed in between leaves a unit
// that has failed: what waits at a gate for the start of it does not take that for the end.
func TestCrashStopped(t *testing.T) {
	t.Parallel()
	stopped := resource.Service{Name: "server.service"}
	started := resource.Service{Name: stopped.Name, Running: true, Config: "2"}
	converges := func(ctx context.Context, m *machine, wanted resource.Resource) error {
		return converge.Converge(ctx, m.System, []resource.Resource{wanted}, nil)
	}
	points, cases := crashCase{
		noDisk: true, // a boot ends a failure
		start: func(m *machine) {
			s := newSystemd(m)
			m.put("/etc/systemd/system/"+stopped.Name, "[Service]\n")
			m.must(s.start(stopped.Name))
			s.killed = map[string]bool{stopped.Name: true}
		},
		run: func(ctx context.Context, m *machine) error {
			if !resource.Changed(m.observe(started), started) {
				return nil
			}
			if err := converges(ctx, m, stopped); err != nil {
				return err
			}
			gate := resource.Watch{Unit: stopped.Name, Gate: true}
			if err := gate.Hopeless(ctx, m.System); err != nil {
				return err
			}
			return converges(ctx, m, started)
		},
		check: func(m *machine) {
			m.t.Helper()
			if found := m.observe(started); resource.Changed(found, started) {
				m.t.Errorf("in the end it differs:\n%s", resource.Diff(found, started))
			}
		},
	}.matrix(t)
	t.Logf("%d points, %d cases", points, cases)
}

// TestGate: at a gate a unit may have failed before; when it fails after it was started, there is
// nothing to wait for.
func TestGate(t *testing.T) {
	m := newMachine(t)
	s := newSystemd(m)
	m.put("/etc/systemd/system/etcd.service", "[Service]\n")
	m.must(s.start("etcd.service"))
	looks := func(w *resource.Watch, active string) error {
		s.units["etcd.service"].active = active
		resource.LookAgain(w)
		return w.Hopeless(t.Context(), m.System)
	}
	gate, wait := resource.Watch{Unit: "etcd.service", Gate: true}, resource.Watch{Unit: "etcd.service"}
	if looks(&wait, "failed") == nil {
		t.Error("a unit that has failed is waited for, and nothing is about to start it")
	}
	for _, step := range []struct {
		active   string
		hopeless bool
	}{{"failed", false}, {"failed", false}, {"active", false}, {"failed", true}} {
		if err := looks(&gate, step.active); (err != nil) != step.hopeless {
			t.Errorf("at a gate, %s: %v", step.active, err)
		}
	}
}
