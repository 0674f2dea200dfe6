package provision

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// TestWalkSpares: as many hosts as may fail do not keep the others from what needs every host. One
// more does, and so does a failure that other hosts have to do with themselves.
func TestWalkSpares(t *testing.T) {
	a, b := component.Component{Name: "a"}, component.Component{Name: "b", After: []string{"a"}, Needs: []string{"a"}}
	for _, test := range []struct {
		what  string
		spare int
		fail  []string
		rolls bool
		want  []string // what was carried out of b
	}{
		{"none may, and none does", 0, nil, false, []string{"b@m1", "b@m2", "b@m3"}},
		{"none may, and one does", 0, []string{"a@m2"}, false, nil},
		{"one may, and one does", 1, []string{"a@m2"}, false, []string{"b@m1", "b@m3"}},
		{"one may, and two do", 1, []string{"a@m2", "a@m3"}, false, nil},
		{"two may, and two do", 2, []string{"a@m2", "a@m3"}, false, []string{"b@m1"}},
		// m2 and m3 were not begun, which is not their failure.
		{"one may, in what rolls", 1, []string{"a@m1"}, true, nil},
	} {
		a.Rolling = test.rolls
		p := fixture.PlanOf(3, a, b)
		if test.rolls {
			p = fixture.Running(p)
		}
		p.Spare = test.spare
		var r fixture.Record
		failed := p.Walk(t.Context(), func(_ context.Context, s plan.Step) error {
			if slices.Contains(test.fail, fixture.Place(s)) {
				return errors.New("broken")
			}
			if s.Component.Name == "a" {
				return nil
			}
			r.Add(fixture.Place(s))
			return nil
		})
		slices.Sort(r.Events)
		if d := cmp.Diff(test.want, r.Events); d != "" || len(failed) != len(test.fail) {
			t.Errorf("%s: failed %v\n%s", test.what, failed, d)
		}
	}
}

// TestOutcome: a host is finished only when all of its steps are, and who was not reached has
// failed.
func TestOutcome(t *testing.T) {
	hosts := []*fakeHost{newHost(t, "m1"), newHost(t, "m2"), newHost(t, "m3")}
	wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/etc/"+component, "x")) }
	make := func(spare int) (*Run, func()) {
		r := runOf(
			t, wanted, hosts, component.Component{Name: "a"},
			component.Component{Name: "b", After: []string{"a"}, Needs: []string{"a"}},
		)
		r.Plan.Spare = spare
		return r, func() {
			for _, h := range hosts {
				if err := os.RemoveAll(filepath.Join(h.root, "etc")); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	broken := func() {
		directory := filepath.Join(hosts[1].root, "etc") // a file is in its place
		if err := os.WriteFile(directory, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		what   string
		spare  int
		before func(*Run)
		want   plan.Outcome
	}{
		{"all is well", 0, func(*Run) {}, plan.Outcome{Finished: []string{"m1", "m2", "m3"}}},
		{"one fails", 0, func(*Run) { broken() }, plan.Outcome{Failed: []string{"m2"}, Skipped: []string{"m1", "m3"}}},
		{
			"one fails, and may", 1, func(*Run) { broken() },
			plan.Outcome{Failed: []string{"m2"}, Finished: []string{"m1", "m3"}},
		},
		{"one was not reached", 0, func(r *Run) {
			r.Unreached = map[string]error{"m3": unreachedBy("m3")}
			r.Plan = r.Plan.Without("m3")
		}, plan.Outcome{Failed: []string{"m3"}, Finished: []string{"m1", "m2"}}},
		{"one was not asked", 0, func(r *Run) { r.Plan = r.Plan.Only(nil, "m1") },
			plan.Outcome{Finished: []string{"m1"}}},
	} {
		r, clean := make(test.spare)
		test.before(r)
		summary, err := r.Apply(t.Context())
		if d := cmp.Diff(test.want, summary.Outcome); d != "" || (err == nil) != (test.want.Failed == nil) {
			t.Errorf("%s: %v\n%s", test.what, err, d)
		}
		clean()
	}

	// Also when there is nothing to do: it is not done for all.
	r := runOf(t, func(string, string) []resource.Resource { return nil }, hosts, component.Component{Name: "a"})
	r.Unreached = map[string]error{"m3": unreachedBy("m3")}
	r.Plan = r.Plan.Without("m3")
	summary, err := r.Apply(t.Context())
	if d := cmp.Diff(plan.Outcome{Failed: []string{"m3"}, Finished: []string{"m1", "m2"}}, summary.Outcome); d != "" ||
		len(errorsOf(err)) != 1 {
		t.Errorf("nothing to do: %v\n%s", err, d)
	}
}

// TestWithout: who is left out is not waited for: neither its steps, nor its node's labels, which
// another host sets.
func TestWithout(t *testing.T) {
	plan := plan.Build(component.Components(), fixture.TargetsOf(t, fixture.Ha))
	less := plan.Without("w1")
	if len(less.Hosts()) != 3 ||
		slices.ContainsFunc(less.Hosts(), func(h inventory.Host) bool { return h.Name == "w1" }) {
		t.Errorf("hosts: %v", less.Hosts())
	}
	var labelled []string
	for _, s := range less.Steps {
		if s.Component.Name == "nodes" {
			labelled = append(labelled, s.About()+" at "+s.At)
		}
	}
	if d := cmp.Diff([]string{"m1 at m1", "m2 at m1", "m3 at m1"}, labelled); d != "" {
		t.Error(d)
	}
	if fixture.StepOf(t, plan, "nodes", "w1").At != "m1" {
		t.Error("the whole plan was changed")
	}
}

// TestNewHostIsLetIn: with a firewall that names the hosts, it is changed on all of them when one
// joins, and nothing else is.
func TestNewHostIsLetIn(t *testing.T) {
	for _, test := range []struct {
		edit string
		want []string
	}{
		{"", nil},
		{"firewall: configure\n", []string{"firewall@m1", "firewall@m2", "firewall@m3"}},
	} {
		inventory := fixture.Ha + test.edit
		r := &Run{Cluster: fixture.Parse(t, inventory)}
		if err := ConcernAll(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		whole := plan.Build(component.Components(), fixture.TargetsOf(t, inventory))
		var others []string
		for _, s := range limited(whole, Scope{Hosts: []string{"w1"}}, r.namesAll).Steps {
			if s.About() != "w1" {
				others = append(others, fixture.Place(s))
			}
		}
		slices.Sort(others)
		if d := cmp.Diff(test.want, others); d != "" {
			t.Errorf("%q:\n%s", test.edit, d)
		}
	}
}

// TestOnlyComponents: a plan that is limited to components has these, on every host that has them.
func TestOnlyComponents(t *testing.T) {
	limited := limited(
		plan.Build(component.Components(), fixture.TargetsOf(t, fixture.Ha)),
		Scope{Hosts: []string{"m2", "w1"}, Components: []string{"kubelet", "etcd"}}, nil,
	)
	var places []string
	for _, s := range limited.Steps {
		places = append(places, fixture.Place(s))
	}
	if d := cmp.Diff([]string{"etcd@m2", "kubelet@m2", "kubelet@w1"}, places); d != "" {
		t.Error(d)
	}
}
