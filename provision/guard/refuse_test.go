package guard

import (
	"errors"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
)

// TestMayJoin: only workers join a running cluster.
func TestMayJoin(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	for _, names := range [][]string{{"w1"}, {"w1", "w1"}, {"stranger"}, nil} {
		if err := MayJoin(c, names); err != nil {
			t.Errorf("%s: %v", names, err)
		}
	}
	err := MayJoin(c, []string{"w1", "m2"})
	var refused *RefusedError
	if !errors.As(err, &refused) || !strings.Contains(refused.Hint(), "worker only") ||
		fault.Of(err) != fault.RefusedJoin {
		t.Fatalf("got %v", err)
	}
	want := c.File + ":7: m2 has the role control-plane, which add-node cannot give to a host of a running cluster yet"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
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
