package audit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
)

// sections are how many checks each section of the benchmark has.
var sections = map[string]int{
	"1.1": 21, "1.2": 30, "1.3": 7, "1.4": 2, "2": 7, "3.1": 3, "3.2": 2, "4.1": 10, "4.2": 14, "4.3": 1,
	"5.1": 13, "5.2": 12, "5.3": 2, "5.4": 2, "5.5": 1, "5.6": 4,
}

// TestTable: every check of the benchmark is in the table, once, with all that a row has.
func TestTable(t *testing.T) {
	id := regexp.MustCompile(`^([1-5](\.[0-9]+){1,2}|KB\.[0-9]+)$`)
	seen := map[string]bool{}
	for _, c := range Checks() {
		switch {
		case !id.MatchString(c.ID) || seen[c.ID]:
			t.Errorf("%s: not an identifier, or twice", c.ID)
		case c.Title == "" || c.Remedy == "" || strings.HasSuffix(c.Title, "."):
			t.Errorf("%s: no title or no remedy", c.ID)
		case (c.host == nil) == (c.cluster == nil):
			t.Errorf("%s: not one judge", c.ID)
		case !slices.Contains([]Promise{ByDefault, ByCIS, ByUsers}, c.Promise):
			t.Errorf("%s: promised by %q", c.ID, c.Promise)
		}
		seen[c.ID] = true
	}
	for section, n := range sections {
		for i := 1; i <= n; i++ {
			if !seen[fmt.Sprintf("%s.%d", section, i)] {
				t.Errorf("%s.%d is missing", section, i)
			}
		}
	}
}

// TestPage: the table in docs/cis.md is that of the checks.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("| check | what must be so | scored | asked by | where it fails |\n|---|---|---|---|---|\n")
	for _, c := range Checks() {
		scored, asked := "", map[Promise]string{ByDefault: "both", ByCIS: "cis", ByUsers: "users"}[c.Promise]
		if c.Automated {
			scored = "yes"
		}
		title := c.Title
		if c.Note != "" {
			title += " (" + c.Note + ")"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.ID, title, scored, asked, c.Remedy)
	}
	golden.Sections(t, "../../docs/cis.md", map[string]string{"audit": b.String()})
}
