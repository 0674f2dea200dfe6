package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"kbootstrap/fault"
)

// TestFaultsPage: the page of faults has all of them, names tests that there are, and codes that
// there are.
func TestFaultsPage(t *testing.T) {
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	walk(t, ".go", func(path string, source []byte) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, m := range declared.FindAllSubmatch(source, -1) {
			tests[string(m[1])] = true
		}
	})
	page := readDoc(t, "docs/faults.md")
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	for _, m := range named.FindAllStringSubmatch(page, -1) {
		if !tests[m[1]] {
			t.Errorf("docs/faults.md names %s, and there is no such test", m[1])
		}
	}
	for _, code := range regexp.MustCompile(`KB\d{4}`).FindAllString(page, -1) {
		if _, ok := fault.Lookup(fault.Code(code)); !ok {
			t.Errorf("docs/faults.md names %s, and there is no such code", code)
		}
	}
	number := 0
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !strings.HasPrefix(line, "| ") || !regexp.MustCompile(`^\| \d+$`).MatchString(cells[0]) {
			continue
		}
		if number++; cells[0] != fmt.Sprintf("| %d", number) {
			t.Errorf("%q is not fault %d", line, number)
		}
		if len(cells) < 3 || !named.MatchString(line) && !strings.Contains(cells[2], "Not covered: ") {
			t.Errorf("fault %d has neither a test nor the reason why there is none", number)
		}
	}
	if number != 68 {
		t.Errorf("docs/faults.md has %d faults, not 68", number)
	}
}
