package provision

import (
	"slices"
	"strings"
	"testing"

	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// TestBasesFirst: what a delta may be to is sent before it, and nothing else changes its place.
func TestBasesFirst(t *testing.T) {
	t.Parallel()
	content := func(sum string, bases ...string) release.Content {
		c := release.Content{SHA256: sum}
		for _, b := range bases {
			c.Deltas = append(c.Deltas, release.Delta{Base: b})
		}
		return c
	}
	for want, contents := range map[string][]release.Content{
		"":        nil,
		"a b c":   {content("a"), content("b"), content("c")},
		"x a":     {content("a", "x"), content("x")},
		"y x a b": {content("a", "x", "z"), content("x", "y"), content("y"), content("b")},
		"q p":     {content("p", "q"), content("q", "p")}, // no Source can say so, and it ends
	} {
		var got []string
		for _, c := range basesFirst(contents) {
			got = append(got, c.SHA256)
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q instead of %q", got, want)
		}
	}
}

// TestFirstAPIServers: late contents wait for the API servers of a cluster that has none, and not
// for those that join others.
func TestFirstAPIServers(t *testing.T) {
	t.Parallel()
	there := resource.Dir{Path: "/etc/kubernetes", Mode: 0o755, Owner: "root:root"}
	missing := resource.Dir{Path: there.Path, Absent: true}
	step := func(name string, found resource.Resource) plan.Step {
		return plan.Step{
			Component: component.Component{Name: name},
			Wanted:    []resource.Resource{there}, Found: []resource.Resource{found},
		}
	}
	bare, running := step(component.APIServer, missing), step(component.APIServer, there)
	for _, c := range []struct {
		what  string
		steps []plan.Step
		want  int
	}{
		{"a new cluster", []plan.Step{bare, bare, step("etcd", missing)}, 2},
		{"two that join", []plan.Step{running, bare, bare}, 0},
		{"workers", []plan.Step{running, step("kubelet", missing)}, 0},
		{"no control plane in the plan", []plan.Step{step("kubelet", missing)}, 0},
	} {
		if got := firstAPIServers(plan.Plan{Steps: c.steps}); got != c.want {
			t.Errorf("%s: %d instead of %d", c.what, got, c.want)
		}
	}
}
