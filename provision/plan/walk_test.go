package plan_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// TestWalkKeepsTheOrder: over random components, each step begins after the end of all that it must
// come after, and each is carried out once.
func TestWalkKeepsTheOrder(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		var components []component.Component
		for i := range 2 + random.IntN(8) {
			c := component.Component{Name: fmt.Sprintf("c%d", i), Rolling: random.IntN(3) == 0}
			for _, before := range components {
				switch random.IntN(4) {
				case 0:
					c.After = append(c.After, before.Name)
				case 1:
					c.Needs = append(c.Needs, before.Name)
				}
			}
			components = append(components, c)
		}
		p := fixture.PlanOf(1+random.IntN(4), components...)
		if random.IntN(2) == 0 {
			p = fixture.Running(p)
		}
		var r fixture.Record
		failed := p.Walk(t.Context(), func(_ context.Context, s plan.Step) error {
			r.Add("begin " + fixture.Place(s))
			r.Add("end " + fixture.Place(s))
			return nil
		})
		if failed != nil || len(r.Events) != 2*len(p.Steps) {
			t.Fatalf("seed %d: %d events for %d steps, %v", seed, len(r.Events), len(p.Steps), failed)
		}
		for i, s := range p.Steps {
			for j, other := range p.Steps {
				after := slices.Contains(s.Component.After, other.Component.Name) && s.About() == other.About()
				needs := slices.Contains(s.Component.Needs, other.Component.Name)
				rolls := s.Component.Rolling && s.Running() && s.Component.Name == other.Component.Name && j < i
				if (after || needs || rolls) &&
					r.Index("begin "+fixture.Place(s)) < r.Index("end "+fixture.Place(other)) {
					t.Fatalf(
						"seed %d: %s began before the end of %s: %s", seed, fixture.Place(s), fixture.Place(other),
						r.Events,
					)
				}
			}
		}
	}
}

// TestWalkYields: a step that yields comes after the ends of those others on all hosts, also where
// they have failed, and is carried out all the same.
func TestWalkYields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fixture.PlanOf(
			3, component.Component{Name: "images"}, component.Component{Name: "dns", Yields: []string{"images"}},
		)
		var r fixture.Record
		failed := p.Walk(t.Context(), func(_ context.Context, s plan.Step) error {
			r.Add("begin " + fixture.Place(s))
			if s.Component.Name == "images" {
				<-time.After(map[string]time.Duration{"m1": time.Second, "m2": 3 * time.Second}[s.About()])
			}
			r.Add("end " + fixture.Place(s))
			if s.Component.Name == "images" && s.About() == "m3" {
				return errors.New("no disk")
			}
			return nil
		})
		if len(failed) != 1 || failed[0].Host != "m3" || len(r.Events) != 2*len(p.Steps) {
			t.Fatalf("failed: %v; %q", failed, r.Events)
		}
		for _, host := range []string{"m1", "m2", "m3"} {
			if r.Index("begin dns@m1") < r.Index("end images@"+host) {
				t.Errorf("dns did not yield to the images of %s: %q", host, r.Events)
			}
		}
	})
}

// TestWalkIsParallel: steps that do not wait for each other are all under way at once. Were one
// held back, no step would end, and synctest would tell of a deadlock.
func TestWalkIsParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fixture.PlanOf(
			3, component.Component{Name: "a"}, component.Component{Name: "b"},
			component.Component{Name: "rolling", Rolling: true},
		)
		var under sync.WaitGroup
		under.Add(len(p.Steps))
		failed := p.Walk(t.Context(), func(context.Context, plan.Step) error {
			under.Done()
			under.Wait()
			return nil
		})
		if failed != nil {
			t.Error(failed)
		}
	})
}

// TestWalkRolls: what runs is changed on one host at a time, in the order of the inventory, and the
// first failure keeps the others as they are.
func TestWalkRolls(t *testing.T) {
	broken := errors.New("no quorum")
	for _, fails := range []string{"", "etcd@m2"} {
		p := fixture.Running(fixture.PlanOf(3, component.Component{Name: "etcd", Rolling: true}))
		var r fixture.Record
		failed := p.Walk(t.Context(), func(_ context.Context, s plan.Step) error {
			r.Add("begin " + fixture.Place(s))
			defer r.Add("end " + fixture.Place(s))
			if fixture.Place(s) == fails {
				return broken
			}
			return nil
		})
		want := []string{"begin etcd@m1", "end etcd@m1", "begin etcd@m2", "end etcd@m2", "begin etcd@m3", "end etcd@m3"}
		if fails != "" {
			want = want[:4]
			if len(failed) != 1 || failed[0].Host != "m2" || !errors.Is(failed, broken) {
				t.Errorf("failed: %v", failed)
			}
		}
		if d := cmp.Diff(want, r.Events); d != "" {
			t.Errorf("%q fails:\n%s", fails, d)
		}
	}
}

// TestWalkStartsWhatIsDown: a member that is down is started without waiting for the others,
// because they may wait for it.
func TestWalkStartsWhatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fixture.PlanOf(2, component.Component{Name: "etcd", Rolling: true})
		p.Steps[0].Found = fixture.ListOf(resource.Service{Running: true})
		second := make(chan struct{})
		failed := p.Walk(t.Context(), func(_ context.Context, s plan.Step) error {
			if s.About() == "m2" {
				close(second)
			}
			<-second
			return nil
		})
		if failed != nil {
			t.Error(failed)
		}
	})
}

// TestWalkReportsCauses: what comes after a failure is left out and not reported; what does not is
// finished.
func TestWalkReportsCauses(t *testing.T) {
	p := fixture.PlanOf(3,
		component.Component{Name: "base"},
		component.Component{Name: "runtime", After: []string{"base"}},
		component.Component{Name: "kubelet", After: []string{"runtime"}},
		component.Component{Name: "nodes", Needs: []string{"kubelet"}},
		component.Component{Name: "health", After: []string{"nodes"}},
	)
	var r fixture.Record
	failed := p.Walk(t.Context(), func(_ context.Context, s plan.Step) error {
		r.Add(fixture.Place(s))
		switch fixture.Place(s) {
		case "base@m3", "runtime@m1":
			return fmt.Errorf("broken %s", fixture.Place(s))
		}
		return nil
	})
	if want := "m1: runtime: broken runtime@m1\nm3: base: broken base@m3"; failed.Error() != want {
		t.Errorf("failed:\n%s\nwant:\n%s", failed, want)
	}
	slices.Sort(r.Events)
	if d := cmp.Diff(
		[]string{"base@m1", "base@m2", "base@m3", "kubelet@m2", "runtime@m1", "runtime@m2"}, r.Events,
	); d != "" {
		t.Errorf("carried out:\n%s", d)
	}
}

// TestWalkStrict: a run may go on without a host, but for what needs every host indeed.
func TestWalkStrict(t *testing.T) {
	for _, strict := range []bool{false, true} {
		p := fixture.PlanOf(2, component.Component{Name: "keys"}, component.Component{
			Name: "service", Needs: []string{"keys"}, Strict: func(component.Target) bool { return strict },
		})
		p.Spare = 1
		var r fixture.Record
		_ = p.Walk(t.Context(), func(_ context.Context, s plan.Step) error {
			if s.Component.Name == "keys" && s.About() == p.Hosts()[1].Name {
				return errors.New("no space left")
			}
			r.Add(fixture.Place(s))
			return nil
		})
		want := 2 // keys and service of the other host
		if strict {
			want = 1
		}
		if len(r.Events) != want {
			t.Errorf("strict: %t: done is %q", strict, r.Events)
		}
	}
}

// TestWalkStops: after the end of its context no step begins; those under way go on, and what
// becomes of them is not hidden.
func TestWalkStops(t *testing.T) {
	p := fixture.PlanOf(2, component.Component{Name: "a"}, component.Component{Name: "b", After: []string{"a"}})
	ctx, cancel := context.WithCancelCause(t.Context())
	late := errors.New("after the end")
	var r fixture.Record
	failed := p.Walk(ctx, func(step context.Context, s plan.Step) error {
		r.Add(fixture.Place(s))
		if fixture.Place(s) == "a@m1" {
			cancel(errors.New("Ctrl-C"))
		}
		<-ctx.Done()
		if err := step.Err(); err != nil {
			t.Errorf("%s was ended: %v", fixture.Place(s), err)
		}
		return late
	})
	for _, event := range r.Events {
		if strings.HasPrefix(event, "b@") {
			t.Errorf("%s began", event)
		}
	}
	if len(failed) != len(r.Events) || !errors.Is(failed, late) {
		t.Errorf("%d steps began, failed: %v", len(r.Events), failed)
	}
}

// TestWalkOfNothing: an empty plan is done at once.
func TestWalkOfNothing(t *testing.T) {
	if failed := (plan.Plan{}).Walk(t.Context(), nil); failed != nil {
		t.Error(failed)
	}
}

// TestWalkGates: who waits on its host for a gate is ended when the gate has failed everywhere, and
// is not blamed; one that is left is enough to go on waiting.
func TestWalkGates(t *testing.T) {
	for _, failing := range []int{1, 2} {
		p := awaiting(fixture.PlanOf(2, component.Component{Name: "api"}, component.Component{Name: "controllers"}))
		broken := errors.New("broken")
		var ended sync.Map
		failed := p.Walk(t.Context(), func(ctx context.Context, s plan.Step) error {
			switch {
			case s.Component.Name == "controllers" && failing == 2:
				<-ctx.Done()
				ended.Store(fixture.Place(s), true)
				return context.Cause(ctx)
			case s.Component.Name == "controllers":
				return ctx.Err()
			case s.About() == "m1" || failing == 2:
				return broken
			}
			return nil
		})
		if len(failed) != failing {
			t.Errorf("%d gates failed, and these are blamed: %v", failing, failed)
		}
		for _, f := range failed {
			if f.Component != "api" || !errors.Is(f, broken) {
				t.Errorf("not a root cause: %v", f)
			}
		}
		if _, ok := ended.Load("controllers@m2"); failing == 2 && !ok {
			t.Error("the wait was not ended")
		}
	}
}

// TestWalkGatesSpareWhatRestarts: the change of a service that runs is not ended when its gate has
// failed, and what becomes of it is told.
func TestWalkGatesSpareWhatRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fixture.Running(fixture.PlanOf(
			1, component.Component{Name: "api"}, component.Component{Name: "controllers"},
		))
		p = awaiting(p)
		failed := p.Walk(t.Context(), func(ctx context.Context, s plan.Step) error {
			if s.Component.Name == "controllers" {
				synctest.Wait() // the gate has failed
				if err := ctx.Err(); err != nil {
					t.Errorf("ended: %v", err)
				}
			}
			return errors.New("broken " + fixture.Place(s))
		})
		if want := "m1: api: broken api@m1\nm1: controllers: broken controllers@m1"; failed.Error() != want {
			t.Errorf("failed:\n%s\nwant:\n%s", failed, want)
		}
	})
}

// awaiting has the controllers of a plan wait for its API.
func awaiting(p plan.Plan) plan.Plan {
	for i, s := range p.Steps {
		if s.Component.Name != "controllers" {
			continue
		}
		ready := resource.Ready{Name: "api", For: "api"}
		p.Steps[i].Wanted = append(s.Wanted, ready)
		if s.Found != nil {
			p.Steps[i].Found = append(s.Found, ready)
		}
	}
	return p
}
