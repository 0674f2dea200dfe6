package guard

import (
	"errors"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
)

// TestJoinsPlanes: whoever is more than a worker is known to all hosts.
func TestJoinsPlanes(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	for name, want := range map[string]bool{"w1": false, "stranger": false, "m2": true} {
		if got := JoinsPlanes(c, []string{name}); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestMayReset: part of a quorum goes with the whole cluster only, and no host named twice makes a
// whole of it.
func TestMayReset(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	for _, names := range [][]string{
		{"w1"}, {"w1", "w1", "w1", "w1"}, {"m1", "m2", "m3", "w1"}, {"w1", "m3", "m2", "m1", "m1"},
	} {
		if err := MayReset(c, names); err != nil {
			t.Errorf("%s: %v", names, err)
		}
	}
	for _, names := range [][]string{
		{"m1"}, {"m1", "m1", "m1", "m1"}, {"m1", "m2", "m3"}, {"w1", "m2"}, {"w1", "w1", "m1", "m2"},
	} {
		var refused *RefusedError
		if err := MayReset(c, names); !errors.As(err, &refused) || refused.Hint() == "" ||
			!strings.Contains(err.Error(), "quorum") ||
			fault.Of(err) != fault.RefusedReset {
			t.Errorf("%s: got %v", names, err)
		}
	}
}
