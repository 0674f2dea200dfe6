package provision

import (
	"slices"
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/resource"
)

// TestTellsUnstarted: a run warns of a unit whose start does not come to its end, also when it has
// nothing to change.
func TestTellsUnstarted(t *testing.T) {
	h := newHost(t, "m1")
	h.answers = func(argv []string) ([]byte, error) {
		if !slices.Contains(argv, "show") {
			return nil, nil
		}
		var shown strings.Builder
		for _, name := range argv[slices.Index(argv, "--")+1:] { // those of all that asks systemd
			state := "LoadState=not-found\nActiveState=inactive"
			if name == "flanneld.service" {
				state = "LoadState=loaded\nActiveState=activating\nInactiveExitTimestampMonotonic=1"
			}
			shown.WriteString("Id=" + name + "\n" + state + "\n\n")
		}
		return []byte(shown.String()), nil
	}
	wanted := func(component, _ string) []resource.Resource { return fixture.ListOf(file("/"+component, "x")) }
	r := runOf(t, wanted, []*fakeHost{h}, component.Component{Name: "a", Units: []string{"flanneld.service"}})
	r.settles, r.whole, r.hosts = true, r.Plan, r.Cluster.Hosts
	for _, changed := range []int{1, 0} {
		if err := ObserveAndSurvey(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		var seen reports
		r.options.Report = seen.take
		summary, err := r.Apply(t.Context())
		if err != nil || summary.Total() != changed {
			t.Fatalf("%d changes, want %d: %v", summary.Total(), changed, err)
		}
		told := 0
		for _, e := range seen.events {
			says := strings.Contains(e.Text, "has been starting flanneld.service")
			if says && e.Kind == fleet.EventWarning && e.Host == "m1" {
				told++
			}
		}
		if told != 1 {
			t.Errorf("with %d changes: told %d times in %+v", changed, told, seen.events)
		}
	}
}
