package api

import (
	"testing"
	"time"
)

// TestGathering: the second node is waited for, for as long as is worth it, and the first one for
// longer.
func TestGathering(t *testing.T) {
	start := time.Now()
	g := gathering{wanted: 2}
	for _, look := range []struct {
		at     time.Duration
		nodes  int
		enough bool
	}{
		{0, 0, false},
		{takersLateness + time.Second, 0, false},
		{takersLateness + 2*time.Second, 1, false},
		{2*takersLateness + time.Second, 1, false},
		{2*takersLateness + 3*time.Second, 1, true},
	} {
		if enough := g.areEnough(look.nodes, start.Add(look.at)); enough != look.enough {
			t.Errorf("%d nodes after %s are enough: %v", look.nodes, look.at, enough)
		}
	}
	g = gathering{wanted: 2}
	if g.areEnough(1, start) || !g.areEnough(2, start.Add(time.Millisecond)) {
		t.Error("two nodes are not enough, or one is")
	}
}
