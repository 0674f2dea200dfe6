package component_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// TestRemovalSparesOthers: a host that stays looks for the API elsewhere, and nothing else of it is
// touched; one that leaves is emptied, and its member goes before its data.
func TestRemovalSparesOthers(t *testing.T) {
	targets := fixture.TargetsOf(t, fixture.Ha)
	for i := range targets {
		targets[i].Leavers = []string{"m3"}
		targets[i].Leaving = targets[i].Host.Name == "m3"
		targets[i].Facts.Units = []string{"kube-api-proxy.service"}
		if targets[i].Leaving {
			targets[i].Left = []string{"etcd"}
		}
	}
	steps := map[string][]string{}
	for _, s := range plan.Build(component.Removal(time.Minute), targets).Steps {
		steps[s.About()] = append(steps[s.About()], s.Component.Name)
	}
	for _, name := range []string{"m1", "m2", "w1"} {
		if got := steps[name]; !slices.Equal(got, []string{"kube-api-proxy"}) {
			t.Errorf("%s, which stays: %q", name, got)
		}
	}
	want := "drain stop-plane leave-etcd leave stop remove restore forget"
	if got := strings.Join(steps["m3"], " "); got != want {
		t.Errorf("m3, which leaves:\n%s\nwant\n%s", got, want)
	}
}
