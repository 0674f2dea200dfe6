package pattern

import (
	"strings"
	"testing"
)

// A pattern that has stars takes no longer than one that has none.
func TestPatternsAreQuick(t *testing.T) {
	if Match(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 4000)) {
		t.Error("it matched")
	}
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{{"", "", true}, {"*", "", true}, {"?", "", false}, {"a*c", "abbc", true}, {"a*c", "abbcd", false},
		{"*?", "a", true}, {"a**", "a", true}} {
		if Match(c.pattern, c.text) != c.want {
			t.Errorf("match(%q, %q) is not %v", c.pattern, c.text, c.want)
		}
	}
}
