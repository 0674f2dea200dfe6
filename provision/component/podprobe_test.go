package component_test

import (
	"slices"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// TestProbeOfWhoIsThere: the pods of the hosts that come next are to be reached, but for those of
// hosts that are away.
func TestProbeOfWhoIsThere(t *testing.T) {
	target := fixture.TargetsOf(t, fixture.Ha)[2] // m3
	for _, test := range []struct{ away, want []string }{
		{nil, []string{"w1", "m1", "m2"}},
		{[]string{"w1"}, []string{"m1", "m2"}},
		{[]string{"m1", "m2", "w1"}, nil},
	} {
		target.Away = test.away
		var got []string
		for _, c := range component.Components() {
			if c.Name != "health" {
				continue
			}
			for _, r := range c.Resources(target) {
				if probe, ok := r.(api.PodProbe); ok {
					got = probe.Peers
				}
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("without %q: %q, want %q", test.away, got, test.want)
		}
	}
}
