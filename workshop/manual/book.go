package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// book is what all releases have, by program.
type book struct {
	programs []string
	lines    map[string][]string                     // the releases of each program, oldest first
	types    map[string]map[string]map[string]string // program, name, line: the type
}

func newBook() *book {
	return &book{lines: map[string][]string{}, types: map[string]map[string]map[string]string{}}
}

// add writes down what a release has.
func (b *book) add(r release, names map[string]string) {
	if b.types[r.program] == nil {
		b.programs = append(b.programs, r.program)
		b.types[r.program] = map[string]map[string]string{}
	}
	b.lines[r.program] = append(b.lines[r.program], r.line)
	for name, kind := range names {
		if b.types[r.program][name] == nil {
			b.types[r.program][name] = map[string]string{}
		}
		b.types[r.program][name][r.line] = kind
	}
}

// text is the book as it is embedded: a line for each program with its releases, then one for each
// name with its type and, unless all releases have it, those that do.
func (b *book) text() string {
	var out strings.Builder
	fmt.Fprint(&out, "# Flags, feature gates and admission plugins of programs by release. Made by workshop/manual; "+
		"do not edit.\n# program releases...\n#  name type [first-last,...]\n")
	for _, p := range b.programs {
		fmt.Fprintf(&out, "%s %s\n", p, strings.Join(b.lines[p], " "))
		names := append(slices.Collect(maps.Keys(b.types[p])), past(p)...)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			for _, row := range b.rows(p, name) {
				fmt.Fprintf(&out, " %s\n", row)
			}
		}
	}
	return out.String()
}

// rows are the lines of one name: one for each type that it had, with the releases that had it so.
func (b *book) rows(program, name string) []string {
	has := b.types[program][name]
	if has == nil {
		return []string{name + " gone " + gone(program, name)}
	}
	var rows, spans []string
	lines, kind := b.lines[program], ""
	flush := func() {
		row := name + " " + kind
		if whole := lines[0] + "-" + lines[len(lines)-1]; len(spans) != 1 || spans[0] != whole {
			row += " " + strings.Join(spans, ",")
		}
		if spans != nil {
			rows = append(rows, row)
		}
		spans = nil
	}
	for i := 0; i < len(lines); i++ {
		first := i
		if has[lines[i]] == "" {
			continue
		}
		if has[lines[i]] != kind {
			flush()
			kind = has[lines[i]]
		}
		for i+1 < len(lines) && has[lines[i+1]] == kind {
			i++
		}
		spans = append(spans, lines[first]+"-"+lines[i])
	}
	flush()
	return rows
}
