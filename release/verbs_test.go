package release

import (
	"slices"
	"testing"
)

// TestVerbs: what one verb alone needs is fetched for no cluster, and locked with the rest.
func TestVerbs(t *testing.T) {
	sources := []Source{{Component: "pause"}, {Component: "trial", Verb: "verify"}, {Component: "other", Verb: "x"}}
	for _, c := range []struct {
		verbs []string
		want  []string
	}{
		{nil, []string{"pause"}},
		{[]string{""}, []string{"pause"}},
		{[]string{"verify"}, []string{"trial"}},
		{[]string{AnyVerb}, []string{"pause", "trial", "other"}},
	} {
		var got []string
		for _, s := range (Options{Sources: sources, Verbs: c.verbs}).wanted() {
			got = append(got, s.Component)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.verbs, got, c.want)
		}
	}
}
