package preflight

import (
	"fmt"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
	"kbootstrap/provision/component"
)

// TestPage: the tables in docs/preflight.md are those of the checks, and of what services read.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("| check | what must be so | else | what to do | code |\n|---|---|---|---|---|\n")
	for _, c := range Checks() {
		worst := map[Level]string{OK: "told", Warn: "warns", Fail: "fails"}[c.Worst]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.ID, c.What, worst, c.Hint, c.Code)
	}
	var read strings.Builder
	read.WriteString("| what a service reads | whose it is |\n|---|---|\n")
	for _, r := range component.Readings() {
		fmt.Fprintf(&read, "| %s | %s |\n", r.What, r.Whose)
	}
	golden.Sections(t, "../../docs/preflight.md", map[string]string{"checks": b.String(), "readings": read.String()})
}
