package main

import (
	"cmp"
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
			fmt.Fprintf(&out, " %s\n", b.line(p, name))
		}
	}
	return out.String()
}

// line is one name: its newest type, and the releases that have it.
func (b *book) line(program, name string) string {
	has, kind := b.types[program][name], ""
	if has == nil {
		return name + " gone " + gone(program, name)
	}
	var ranges []string
	lines := b.lines[program]
	for i := 0; i < len(lines); i++ {
		if has[lines[i]] == "" {
			continue
		}
		first := i
		for i+1 < len(lines) && has[lines[i+1]] != "" {
			i++
		}
		kind = cmp.Or(has[lines[i]], kind)
		ranges = append(ranges, lines[first]+"-"+lines[i])
	}
	if len(ranges) == 1 && ranges[0] == lines[0]+"-"+lines[len(lines)-1] {
		return name + " " + kind
	}
	return name + " " + kind + " " + strings.Join(ranges, ",")
}
