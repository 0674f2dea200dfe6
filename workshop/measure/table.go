package main

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// importName returns the name of an imported package, as its path suggests it.
func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return path.Base(strings.Trim(spec.Path.Value, `"`))
}

// table returns the figures in Markdown, next to what they were before the rooms were made (at
// e892ed9, by the study that asked for them) and what was to be reached.
func (f Figures) table(requests int) string {
	counted := "see `make bench`"
	if requests > 0 {
		counted = fmt.Sprint(requests)
	}
	biggest := fmt.Sprintf("%d / %s (`%s`)", f.Largest.Files, thousands(f.Largest.Lines), f.Largest.Room)
	if f.Most.Room != f.Largest.Room {
		biggest += fmt.Sprintf("; %d / %s (`%s`)", f.Most.Files, thousands(f.Most.Lines), f.Most.Room)
	}
	first, second := f.ringLines(1), f.ringLines(2)
	rows := [][4]string{
		{"", "before", "now", "to reach"},
		{"product files touched for an add-on / a service / a kind", "11 / 18 / 3–13",
			fmt.Sprintf("%d / %d / %s", len(f.AddOn), len(f.Service), f.kindRange()), "2 / 2 / 2"},
		{"biggest package, non-test files / lines", "46 / 5,975", biggest, "≤ 30 / ≤ 3,200"},
		{"methods of the largest object", "70", fmt.Sprintf("%d (`%s`)", f.Object.Methods, f.Object.Name), "≤ 20"},
		{"lines to read before adding a component (rings 1 + 2)", "1,408",
			fmt.Sprintf("%s (%d + %d)", thousands(first+second), first, second), "≤ 900"},
		{"imports that run up a floor", "1", fmt.Sprint(len(f.Up)), "0"},
		{"lines of Go: product + workshop", "39,381 in all", fmt.Sprintf("%s + %s = %s", thousands(f.Lines.Product),
			thousands(f.Lines.Workshop), thousands(f.Lines.Product+f.Lines.Workshop)), "≤ 37,500"},
		{"requests a host of a second `up`", "7–8", counted, "≤ 3"},
		{"functions over 60 lines; the longest", "0.4 %; 73 lines, a table 123",
			fmt.Sprintf("%.1f %%; %d lines (`%s`)", f.Functions.share(), f.Functions.Lines, f.Functions.Longest),
			"≤ 0.4 %"},
		{"code lines over 120 columns / comment lines over 100", "",
			fmt.Sprintf("%s / %s", thousands(f.Columns.Code), thousands(f.Columns.Comment)), "0 / 0"},
		{"other files that a file of a larger room names", "`provision` 5.9, `resource` 5.6",
			f.entangled(), "≤ 2.5, ≤ 2"},
	}
	var out strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(row[:], " | "))
		if i == 0 {
			out.WriteString("|---|--:|--:|--:|\n")
		}
	}
	return out.String()
}

func (f Figures) ringLines(ring int) int {
	n := 0
	for _, r := range f.Rings {
		if r.Ring == ring {
			n += r.Lines
		}
	}
	return n
}

// kindRange returns the fewest and the most files that a kind touches.
func (f Figures) kindRange() string {
	if len(f.Kinds) == 0 {
		return "none"
	}
	by := func(a, b Kind) int { return a.Touched() - b.Touched() }
	least, most := slices.MinFunc(f.Kinds, by).Touched(), slices.MaxFunc(f.Kinds, by).Touched()
	if least == most {
		return fmt.Sprint(least)
	}
	return fmt.Sprintf("%d–%d", least, most)
}

// entangled names the rooms whose files name the most others.
func (f Figures) entangled() string {
	var list []string
	for _, r := range f.Rooms[:min(4, len(f.Rooms))] {
		list = append(list, fmt.Sprintf("`%s` %.1f", r.Path, r.PerFile()))
	}
	return strings.Join(list, ", ")
}

// details returns what was counted, a line each.
func (f Figures) details() []string {
	lines := append([]string{"An add-on (CoreDNS): " + byReason(f.AddOn)}, indented(f.AddOn)...)
	lines = append(append(lines, "A service (flannel): "+byReason(f.Service)), indented(f.Service)...)
	lines = append(lines, "Kinds, and the files apart from their own that name their types:")
	for _, k := range f.Kinds {
		others := strings.Join(k.Others, " ")
		lines = append(lines, fmt.Sprintf("  %s (%s): %d: %s", k.Name, k.Path, len(k.Others), others))
	}
	lines = append(lines, "To read before adding a component:")
	for _, r := range f.Rings {
		lines = append(lines, fmt.Sprintf("  %d %s: %d", r.Ring, r.Path, r.Lines))
	}
	lines = append(append(lines, "Imports that run up a floor:"), indented(f.Up)...)
	lines = append(lines, "References between the files of a room:")
	for _, r := range f.Rooms {
		lines = append(lines, fmt.Sprintf("  %s: %d files, %d references, %.1f a file", r.Path, r.Files, r.References,
			r.PerFile()))
	}
	return lines
}

func indented[T fmt.Stringer](list []T) []string {
	var lines []string
	for _, item := range list {
		lines = append(lines, "  "+item.String())
	}
	return lines
}

// byReason returns how many files name something for which reason.
func byReason(list []Mention) string {
	count := map[string]int{}
	for _, m := range list {
		count[m.Reason]++
	}
	var parts []string
	for _, reason := range sorted(count) {
		parts = append(parts, fmt.Sprintf("%d %s", count[reason], reason))
	}
	return strings.Join(parts, ", ")
}

// thousands renders a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
