package component_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
)

// TestWaves: control planes come one by one, the one that leads first, then the others, so many at
// a time.
func TestWaves(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha+"  - {name: w2, address: 192.168.56.22, roles: [worker]}\n"+
		"  - {name: w3, address: 192.168.56.23, roles: [worker]}\n")
	for unavailable, want := range map[int]map[string]int{
		1: {"m2": 0, "m1": 1, "m3": 2, "w1": 3, "w2": 4, "w3": 5},
		2: {"m2": 0, "m1": 1, "m3": 2, "w1": 3, "w2": 3, "w3": 4},
		9: {"m2": 0, "m1": 1, "m3": 2, "w1": 3, "w2": 3, "w3": 3},
	} {
		if d := cmp.Diff(want, component.Waves(c, "m2", unavailable)); d != "" {
			t.Errorf("%d at once:\n%s", unavailable, d)
		}
	}
}
