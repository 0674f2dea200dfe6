// Package manual knows which flags the releases of the programs have, which feature gates and
// admission plugins, and when others came and went. It is a text that workshop/manual makes from
// the published sources, and that is read when it is asked for. Start at Open.
package manual

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
)

//go:embed manual.txt
var text string

// The chapters that are not about a program: what all programs of Kubernetes share.
const (
	FeatureGates     = "feature-gates"
	AdmissionPlugins = "admission-plugins"
)

// Entry is one flag of a program, or a name that a flag may contain.
type Entry struct {
	Name string
	// Type is what a value is: bool, int, uint, float, duration, ip, endpoint, list, map, switches
	// (a map of booleans), text, or value for what the program alone can read. Of a feature gate it
	// is "free", or the value that the gate is locked to: "on" or "off".
	Type string
	// Gone is the first release without it, Comes the first one with it; both are empty when the
	// release that was asked for has it.
	Gone, Comes string
}

// Chapter is what one release of a program has, and what others had or will have.
type Chapter struct {
	Release string // "1.36"
	Entries []Entry
}

// Open returns the chapter of a program for a version such as 1.36.3. It is false for programs and
// releases that the manual does not know.
func Open(program, version string) (Chapter, bool) {
	lines, found := page(program)
	if !found {
		return Chapter{}, false
	}
	releases := strings.Fields(lines[0])[1:]
	at := slices.IndexFunc(releases, func(r string) bool { return isOf(version, r) })
	if at < 0 {
		return Chapter{}, false
	}
	chapter := Chapter{Release: releases[at]}
	for _, line := range lines[1:] {
		e := read(line, releases, at)
		if n := len(chapter.Entries); n > 0 && chapter.Entries[n-1].Name == e.Name {
			chapter.Entries[n-1] = either(chapter.Entries[n-1], e)
			continue
		}
		chapter.Entries = append(chapter.Entries, e)
	}
	return chapter, true
}

// either returns what a release has of a name whose type changed: of the older and the newer type,
// the one that it has, or else the nearer.
func either(older, newer Entry) Entry {
	if older.Gone == "" {
		return older
	}
	return newer
}

// Find returns the entry of that name.
func (c Chapter) Find(name string) (Entry, bool) {
	i := slices.IndexFunc(c.Entries, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return Entry{}, false
	}
	return c.Entries[i], true
}

// page returns the lines of a program: its releases, then its entries.
func page(program string) ([]string, bool) {
	_, rest, found := strings.Cut(text, "\n"+program+" ")
	if !found || program == "" {
		return nil, false
	}
	lines := []string{program + " "}
	for line := range strings.SplitSeq(rest, "\n") {
		switch {
		case len(lines) == 1 && strings.HasSuffix(lines[0], " "):
			lines[0] += line
		case strings.HasPrefix(line, " "):
			lines = append(lines, line[1:])
		default:
			return lines, true
		}
	}
	return lines, true
}

// isOf reports whether a version belongs to a release line. The line of dockerd stands for its
// whole major version.
func isOf(version, release string) bool {
	if strings.HasPrefix(version, release+".") {
		return true
	}
	major, _, _ := strings.Cut(release, ".")
	number, err := strconv.Atoi(major)
	return err == nil && number > 20 && strings.HasPrefix(version, major+".")
}

// read reads an entry: name, type, and the releases that have it unless all do, as
// "1.29-1.31,1.34-1.36". Of what went away before the oldest release the type is "gone", and the
// release that lacks it follows.
func read(line string, releases []string, at int) Entry {
	fields := strings.Fields(line)
	e := Entry{Name: fields[0], Type: fields[1]}
	switch {
	case e.Type == "gone":
		e.Gone = fields[2]
		return e
	case len(fields) == 2:
		return e
	}
	for span := range strings.SplitSeq(fields[2], ",") {
		first, last, _ := strings.Cut(span, "-")
		from, to := slices.Index(releases, first), slices.Index(releases, last)
		switch {
		case at < from && e.Gone == "":
			e.Comes = first
			return e
		case at >= from && at <= to:
			e.Gone = ""
			return e
		case at > to:
			e.Gone = releases[to+1]
		}
	}
	return e
}
