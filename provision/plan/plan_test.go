package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// TestOnly: a plan that is limited to a worker has all of it, and of the first control plane only its node.
func TestOnly(t *testing.T) {
	plan := plan.Build(fixture.TargetsOf(t, fixture.Ha))
	limited := plan.Only("w1")
	var elsewhere []string
	own := 0
	for _, s := range limited.Steps {
		if s.Target.Host.Name == "w1" {
			own++
			if d := cmp.Diff(len(fixture.StepOf(t, plan, s.Component.Name, "w1").Wanted), len(s.Wanted)); d != "" {
				t.Errorf("%s: some are missing:\n%s", s.Component.Name, d)
			}
			continue
		}
		for _, r := range s.Wanted {
			elsewhere = append(elsewhere, fixture.Place(s)+": "+r.ID())
		}
	}
	for _, s := range plan.Steps {
		if s.Target.Host.Name == "w1" {
			own--
		}
	}
	if own != 0 {
		t.Errorf("%d steps of w1 are missing", -own)
	}
	if d := cmp.Diff([]string{"nodes@m1: node w1"}, elsewhere); d != "" {
		t.Errorf("on other hosts:\n%s", d)
	}
	if len(limited.Hosts()) != 2 || limited.Hosts()[0].Name != "m1" || limited.Hosts()[1].Name != "w1" {
		t.Errorf("hosts: %v", limited.Hosts())
	}
	if again := limited.Only("w1"); len(again.Steps) != len(limited.Steps) {
		t.Error("to limit again takes something away")
	}
	if len(fixture.StepOf(t, plan, "nodes", "m1").Wanted) != 4 {
		t.Error("the whole plan was changed")
	}
	if none := plan.Only("nobody"); len(none.Steps) != 0 || len(none.Hosts()) != 0 || none.Changes() != 0 {
		t.Errorf("of nobody: %d steps", len(none.Steps))
	}
}

func TestChanges(t *testing.T) {
	file := func(path, content string) resource.Resource {
		return resource.File{Path: path, Content: []byte(content)}
	}
	p := fixture.PlanOf(2, component.Component{Name: "a"})
	p.Steps[0].Wanted = fixture.ListOf(file("/same", "1"), file("/new", "1"), file("/other", "1"))
	p.Steps[0].Found = fixture.ListOf(file("/same", "1"), resource.File{Path: "/new", Absent: true}, file("/other", "2"))
	p.Steps[1].Wanted = fixture.ListOf(file("/not-looked-at", "1"))
	var ids []string
	for _, c := range p.Steps[0].Changes() {
		ids = append(ids, c.Wanted.ID())
	}
	if d := cmp.Diff([]string{"file /new", "file /other"}, ids); d != "" || p.Changes() != 2 {
		t.Errorf("%d changes:\n%s", p.Changes(), d)
	}
}
