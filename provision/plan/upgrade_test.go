package plan_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// upgradePlan is the upgrade of three control planes and a worker that run.
func upgradePlan(t *testing.T) plan.Plan {
	t.Helper()
	targets := fixture.TargetsOf(t, fixture.Ha)
	p := fixture.Running(plan.Build(component.Upgrade(time.Minute, time.Now()), targets))
	p.Waves = component.Waves(targets[0].Cluster, "m1", 1)
	return p
}

// walked are the steps in the order in which they were begun and ended, where one may fail.
func walked(t *testing.T, p plan.Plan, fails string) (*fixture.Record, plan.Failures) {
	t.Helper()
	r := &fixture.Record{}
	failed := p.Walk(t.Context(), func(_ context.Context, s plan.Step) error {
		r.Add("begin " + fixture.Place(s))
		defer r.Add("end " + fixture.Place(s))
		if fixture.Place(s) == fails {
			return errors.New("not healthy")
		}
		return nil
	})
	return r, failed
}

// TestUpgradeEnds: no steps wait for each other in a circle, whatever the inventory.
func TestUpgradeEnds(t *testing.T) {
	for name, text := range fixture.EveryInventory() {
		targets := fixture.TargetsOf(t, text)
		p := fixture.Running(plan.Build(component.Upgrade(time.Minute, time.Now()), targets))
		p.Waves = component.Waves(targets[0].Cluster, "", 1)
		done := make([]bool, len(p.Steps))
		for progress := true; progress; {
			progress = false
			for i := range p.Steps {
				before := slices.Concat(p.Before(i), p.Yields(i))
				if !done[i] && !slices.ContainsFunc(before, func(j int) bool { return !done[j] }) {
					done[i], progress = true, true
				}
			}
		}
		for i, s := range p.Steps {
			if done[i] {
				continue
			}
			var waits []string
			for _, j := range slices.Concat(p.Before(i), p.Yields(i)) {
				if !done[j] {
					waits = append(waits, fixture.Place(p.Steps[j]))
				}
			}
			t.Errorf("%s: %s waits for %q", name, fixture.Place(s), waits)
		}
	}
}

// TestUpgradeKeepsTheOrder: no program is newer than the API servers that it talks to, one host is
// changed at a time, and no pod is on a node while its kubelet is changed.
func TestUpgradeKeepsTheOrder(t *testing.T) {
	p := upgradePlan(t)
	r, failed := walked(t, p, "")
	if failed != nil || len(r.Events) != 2*len(p.Steps) {
		t.Fatalf("%d events of %d steps, %v", len(r.Events), len(p.Steps), failed)
	}
	hosts := []string{"m1", "m2", "m3", "w1"}
	planes := hosts[:3]
	after := func(later, earlier string) {
		t.Helper()
		begin, end := r.Index("begin "+later), r.Index("end "+earlier)
		if begin < 0 || end < 0 || begin < end {
			t.Errorf("%s (%d) began before the end of %s (%d)", later, begin, earlier, end)
		}
	}
	for i, h := range hosts {
		for _, plane := range planes {
			after("snapshot@m1", "stage@"+h)
			after("etcd@"+plane, "snapshot@m1")
			after("kube-apiserver@"+plane, "snapshot@m1")
			after("etcd@"+plane, "stage@"+h)
			after("kube-apiserver@"+plane, "stage@"+h)
			after("drain@"+h, "kube-controller-manager@"+plane)
			after("drain@"+h, "kube-scheduler@"+plane)
		}
		after("containerd@"+h, "drain@"+h)
		after("kubelet@"+h, "drain@"+h)
		after("takes-pods@"+h, "kubelet@"+h)
		after("takes-pods@"+h, "kube-proxy@"+h)
		after("health@"+h, "takes-pods@"+h)
		after("coredns@m1", "health@"+h)
		if i > 0 {
			after("drain@"+h, "health@"+hosts[i-1])
		}
	}
	for i, plane := range planes {
		for _, other := range planes {
			after("kube-apiserver@"+plane, "etcd@"+other)
			after("kube-controller-manager@"+plane, "kube-apiserver@"+other)
			after("kube-scheduler@"+plane, "kube-apiserver@"+other)
		}
		if i > 0 {
			after("kube-apiserver@"+plane, "kube-apiserver@"+planes[i-1])
		}
	}
}

// TestUpgradeStops: what has failed keeps all that comes after it as it was.
func TestUpgradeStops(t *testing.T) {
	for fails, untouched := range map[string][]string{
		"snapshot@m1":       {"etcd@m1", "kube-apiserver@m1", "drain@m1", "kubelet@m1"},
		"stage@w1":          {"etcd@m1", "kube-apiserver@m1", "drain@m1", "kubelet@m1"},
		"kube-apiserver@m1": {"kube-apiserver@m2", "kube-controller-manager@m1", "drain@m1", "kubelet@w1"},
		"kube-scheduler@m3": {"drain@m1", "kubelet@m1", "kubelet@w1", "coredns@m1"},
		"kubelet@m1":        {"takes-pods@m1", "health@m1", "drain@m2", "kubelet@w1", "coredns@m1"},
		"drain@w1":          {"kubelet@w1", "containerd@w1", "takes-pods@w1", "coredns@m1"},
		"health@w1":         {"coredns@m1"},
	} {
		r, failed := walked(t, upgradePlan(t), fails)
		if len(failed) != 1 {
			t.Errorf("%s fails: %v", fails, failed)
		}
		for _, step := range untouched {
			if slices.Contains(r.Events, "begin "+step) {
				t.Errorf("%s fails, and %s was begun", fails, step)
			}
		}
	}
}

// TestUpgradeGoesAhead: while what was restarted on a node is watched, what pods depend on besides
// is begun on that host, pods come back, and those of the next node leave, whose services are not
// touched. The first API server, controller manager and scheduler is watched to its end. A service
// that ends while it is watched ends the drain that has gone ahead.
func TestUpgradeGoesAhead(t *testing.T) {
	p := upgradePlan(t)
	for i, s := range plan.Build(component.Upgrade(time.Minute, time.Now()), fixture.TargetsOf(t, fixture.Ha)).Steps {
		p.Steps[i].Wanted, p.Steps[i].Found = s.Wanted, slices.Clone(s.Wanted)
		for j, w := range s.Wanted {
			if service, ok := w.(resource.Service); ok {
				p.Steps[i].Found[j] = resource.Service{Name: service.Name, Running: true, Config: "older"}
			}
		}
	}
	for _, ends := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := &fixture.Record{}
			failed := p.WalkAhead(t.Context(), func(ctx context.Context, s plan.Step, settled func()) error {
				r.Add("begin " + fixture.Place(s))
				defer r.Add("end " + fixture.Place(s))
				if s.Component.Name == component.Drained {
					select {
					case <-time.After(9 * time.Second):
					case <-ctx.Done():
						r.Add("stop " + fixture.Place(s))
						return ctx.Err()
					}
				}
				if s.Settled() == "" {
					return nil
				}
				settled()
				<-time.After(6 * time.Second)
				if ends && fixture.Place(s) == "containerd@m2" {
					return errors.New("it has ended")
				}
				return nil
			})
			ahead := func(later, earlier string, want bool) {
				t.Helper()
				begin, end := r.Index("begin "+later), r.Index("end "+earlier)
				if begin < 0 || (begin < end) != want {
					t.Errorf("ends: %t: %s (%d) began, %s ended (%d)", ends, later, begin, earlier, end)
				}
			}
			ahead("kubelet@m2", "containerd@m2", true)
			ahead("kube-proxy@m2", "containerd@m2", true)
			ahead("kube-apiserver@m2", "kube-apiserver@m1", false)
			ahead("kube-apiserver@m3", "kube-apiserver@m2", true)
			ahead("kube-controller-manager@m1", "kube-apiserver@m3", false)
			ahead("kube-scheduler@m2", "kube-scheduler@m1", false)
			ahead("kube-scheduler@m3", "kube-scheduler@m2", true)
			ahead("drain@m1", "kube-scheduler@m3", true)
			ahead("containerd@m1", "kube-scheduler@m3", false)
			ahead("takes-pods@m1", "containerd@m1", true)
			ahead("drain@m2", "takes-pods@m1", false)
			ahead("containerd@m2", "containerd@m1", false)
			ahead("kube-proxy@m2", "kubelet@m1", false)
			ahead("takes-pods@m2", "containerd@m2", true)
			ahead("drain@m3", "takes-pods@m2", false)
			ahead("drain@m3", "health@m2", false)
			ahead("drain@m3", "kubelet@m2", true)
			stopped := slices.Contains(r.Events, "stop drain@m3")
			changed := slices.Contains(r.Events, "begin containerd@m3")
			if ends != stopped || ends == changed || ends != (len(failed) == 1) {
				t.Errorf("ends: %t: the drain was stopped: %t; failed: %v", ends, stopped, failed)
			}
			if !ends {
				ahead("containerd@m3", "kubelet@m2", false)
				ahead("coredns@m1", "kubelet@w1", false)
			}
		})
	}
}

// TestMembersInOrder: the member that leads is changed when all others are.
func TestMembersInOrder(t *testing.T) {
	for _, leader := range []string{"m1", "m2", "m3"} {
		p := upgradePlan(t)
		ordered := p.Last(component.Etcd, leader)
		if len(ordered.Steps) != len(p.Steps) {
			t.Fatalf("%d of %d steps", len(ordered.Steps), len(p.Steps))
		}
		r, failed := walked(t, ordered, "")
		if failed != nil {
			t.Fatal(failed)
		}
		for _, other := range []string{"m1", "m2", "m3"} {
			begin, end := r.Index("begin etcd@"+leader), r.Index("end etcd@"+other)
			if other != leader && begin < end {
				t.Errorf("%s leads, and was begun before the end of %s", leader, other)
			}
		}
	}
}

// TestUpgradeSoaks: each service that an upgrade restarts is watched behind its signs of health,
// and what comes later in its component waits for that.
func TestUpgradeSoaks(t *testing.T) {
	watched := map[string]bool{}
	for _, s := range plan.Build(component.Upgrade(time.Minute, time.Now()), fixture.TargetsOf(t, fixture.Ha)).Steps {
		ready := ""
		for _, w := range s.Wanted {
			switch w := w.(type) {
			case resource.Service:
				ready = w.Name
			case resource.Steady:
				watched[w.Unit] = true
				if ready != w.Unit {
					t.Errorf("%s: %s is watched, and the last sign was that of %q", fixture.Place(s), w.Unit, ready)
				}
			case resource.Ready:
				ready = w.Unit
			}
		}
	}
	for _, unit := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "containerd",
		"kubelet", "kube-proxy", "flanneld", "kube-api-proxy"} {
		if !watched[unit+".service"] {
			t.Errorf("%s is not watched", unit)
		}
	}
}
