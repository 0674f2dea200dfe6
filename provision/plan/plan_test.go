package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// TestOnly: a plan that is limited to a worker has all that is about it, also what the first
// control plane carries out.
func TestOnly(t *testing.T) {
	whole := plan.Build(component.Components(), fixture.TargetsOf(t, fixture.Ha))
	limited := whole.Only(nil, "w1")
	about := 0
	for _, s := range whole.Steps {
		if s.About() == "w1" {
			about++
		}
	}
	if about == 0 || len(limited.Steps) != about {
		t.Errorf("%d steps of %d that are about w1", len(limited.Steps), about)
	}
	var elsewhere []string
	for _, s := range limited.Steps {
		if s.About() != "w1" {
			t.Errorf("%s is not about w1", fixture.Place(s))
		}
		if s.At == "w1" {
			continue
		}
		for _, r := range s.Wanted {
			elsewhere = append(elsewhere, s.At+" "+s.Component.Name+": "+r.ID())
		}
	}
	if d := cmp.Diff([]string{
		"m1 host-access: object ClusterRoleBinding kbootstrap:kube-router:w1",
		"m1 host-access: object ClusterRole kbootstrap:flannel:w1",
		"m1 host-access: object ClusterRoleBinding kbootstrap:flannel:w1",
		"m1 nodes: node w1",
	}, elsewhere); d != "" {
		t.Errorf("on other hosts:\n%s", d)
	}
	if len(limited.Hosts()) != 2 || limited.Hosts()[0].Name != "m1" || limited.Hosts()[1].Name != "w1" {
		t.Errorf("hosts: %v", limited.Hosts())
	}
	if again := limited.Only(nil, "w1"); len(again.Steps) != len(limited.Steps) {
		t.Error("to limit again takes something away")
	}
	if none := whole.Only(nil, "stranger"); len(none.Steps) != 0 || len(none.Hosts()) != 0 || none.Changes() != 0 {
		t.Errorf("of a stranger: %d steps", len(none.Steps))
	}
}

func TestChanges(t *testing.T) {
	file := func(path, content string) resource.Resource {
		return resource.File{Path: path, Content: []byte(content)}
	}
	p := fixture.PlanOf(2, component.Component{Name: "a"})
	p.Steps[0].Wanted = fixture.ListOf(file("/same", "1"), file("/new", "1"), file("/other", "1"))
	p.Steps[0].Found = fixture.ListOf(
		file("/same", "1"), resource.File{Path: "/new", Absent: true}, file("/other", "2"),
	)
	p.Steps[1].Wanted = fixture.ListOf(file("/not-looked-at", "1"))
	var ids []string
	for _, c := range p.Steps[0].Changes() {
		ids = append(ids, c.Wanted.ID())
	}
	if d := cmp.Diff([]string{"file /new", "file /other"}, ids); d != "" || p.Changes() != 2 {
		t.Errorf("%d changes:\n%s", p.Changes(), d)
	}
}
