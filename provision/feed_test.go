package provision

import (
	"slices"
	"strings"
	"testing"

	"kbootstrap/release"
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
