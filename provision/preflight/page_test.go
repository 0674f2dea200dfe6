package preflight

import (
	"fmt"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
)

// TestPage: the table in docs/preflight.md is the table of checks.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("| check | what must be so | else | what to do | code |\n|---|---|---|---|---|\n")
	for _, c := range Checks() {
		worst := map[Level]string{OK: "told", Warn: "warns", Fail: "fails"}[c.Worst]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.ID, c.What, worst, c.Hint, c.Code)
	}
	golden.Sections(t, "../../docs/preflight.md", map[string]string{"checks": b.String()})
}
