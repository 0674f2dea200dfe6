package verify

import (
	"fmt"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
)

// TestPage: the table in docs/verify.md is that of the checks.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("| check | what must be so | |\n|---|---|---|\n")
	seen := map[string]bool{}
	for _, c := range Table() {
		var traits []string
		if c.Quick {
			traits = append(traits, "quick")
		}
		if c.Alone {
			traits = append(traits, "alone")
		}
		if seen[c.Name] || c.Title == "" || c.Try == nil {
			t.Errorf("%q: twice, without a title, or with nothing to try", c.Name)
		}
		seen[c.Name] = true
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, c.Title, strings.Join(traits, ", "))
	}
	golden.Sections(t, "../../docs/verify.md", map[string]string{"checks": b.String()})
}
