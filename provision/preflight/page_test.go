package preflight

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table in docs/preflight.md")

const (
	page  = "../../docs/preflight.md"
	begin = "<!-- generated: checks -->\n"
	end   = "<!-- end -->\n"
)

// TestPage: the table in docs/preflight.md is the table of checks.
func TestPage(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	var b strings.Builder
	b.WriteString("\n| check | what must be so | else | what to do | code |\n|---|---|---|---|---|\n")
	for _, c := range Checks() {
		worst := map[Level]string{OK: "told", Warn: "warns", Fail: "fails"}[c.Worst]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.ID, c.What, worst, c.Hint, c.Code)
	}
	b.WriteString("\n")
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(data), want); d != "" {
		t.Errorf("%s is not what the checks say; if that is meant: go test ./provision/preflight -update\n%s", page, d)
	}
}
