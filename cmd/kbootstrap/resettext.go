package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"kbootstrap/internal/human"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// resetText lists what a reset takes from each host and what it leaves, safe for a terminal.
func resetText(reset report.Reset) string {
	var b strings.Builder
	if reset.Proof != "" {
		fmt.Fprintf(&b, "the hosts are this cluster's: %s\n", reset.Proof)
	}
	for _, r := range reset.Removals {
		if r.LeftAlone {
			fmt.Fprintf(&b, "%s: nothing of ours ever ran here; left alone but for the tool itself\n", r.Host)
			continue
		}
		fmt.Fprintf(&b, "%s\n", r.Host)
		if len(r.Units) > 0 {
			fmt.Fprintf(&b, "  stops %s\n", strings.Join(r.Units, ", "))
		}
		for _, d := range grouped(r.Removes) {
			fmt.Fprintf(&b, "  removes %s (%s)\n", d.Path, sizeOf(d))
		}
		for _, d := range r.Stays {
			fmt.Fprintf(&b, "  stays: %s (%s, %s)\n", d.Path, sizeOf(d), d.Because)
		}
		if len(r.Returns) > 0 {
			fmt.Fprintf(&b, "  puts back %s\n", strings.Join(r.Returns, ", "))
		}
	}
	return screen.Clean(b.String())
}

// few is how many directories next to each other are shown one by one.
const few = 3

// grouped joins the directories next to each other, where they are more than few.
func grouped(all []report.Directory) []report.Directory {
	parts := map[string]int{}
	for _, d := range all {
		parts[path.Dir(d.Path)]++
	}
	var shown []report.Directory
	for _, d := range all {
		parent := path.Dir(d.Path)
		n := parts[parent]
		if n <= few || strings.Count(parent, "/") < 2 {
			shown = append(shown, d)
			continue
		}
		name := fmt.Sprintf("%d entries of %s", n, parent)
		i := slices.IndexFunc(shown, func(d report.Directory) bool { return d.Path == name })
		if i < 0 {
			i, shown = len(shown), append(shown, report.Directory{Path: name})
		}
		shown[i].Bytes, shown[i].More = shown[i].Bytes+d.Bytes, shown[i].More || d.More
	}
	return shown
}

func sizeOf(d report.Directory) string {
	if d.More {
		return "more than " + human.Size(d.Bytes)
	}
	return human.Size(d.Bytes)
}
