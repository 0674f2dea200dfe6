package node

import (
	"go/build"
	"slices"
	"testing"
)

// TestFailpointsAreNotShipped: what breaks a node on demand is in the program of the crash tests,
// and in no other.
func TestFailpointsAreNotShipped(t *testing.T) {
	for _, tags := range [][]string{nil, {"crash"}} {
		c := build.Default
		c.BuildTags = tags
		p, err := c.ImportDir(".", 0)
		if err != nil {
			t.Fatal(err)
		}
		if has := slices.Contains(p.GoFiles, "failpoint.go"); has != (tags != nil) {
			t.Errorf("built with the tags %q, the package has failpoint.go: %t", tags, has)
		}
	}
}
