// Package diagnosis knows the causes for which services fail: it reads what a unit wrote since it
// became a matter of this run, and says which of them that shows, with the lines that tell. Start
// at Explain, which asks the host; Of is pure, lines in and a Diagnosis out. The rules are in
// rules.go, and which lines may count at all is in lines.go.
package diagnosis

import (
	"regexp"
	"slices"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Symptoms are what is known of a service that failed.
type Symptoms struct {
	Unit    string       // "etcd.service"
	Failure host.Failure // how it failed
	Lines   []host.Line  // of its journal, the oldest first, from the time that matters
	Now     time.Time    // the control machine's clock; zero when it does not matter
	// Holder says who listens on a TCP port of the host, such as "nc (pid 812)"; "" when that is
	// not known. May be nil.
	Holder func(port int) string
}

// Diagnosis is the known cause that a journal shows.
type Diagnosis struct {
	Code     fault.Code
	Cause    string   // one line, in lower case
	Hint     string   // what to do in this very case; "" when the catalogue says it
	Evidence []string // the lines that tell, the oldest first, at most three
}

// evidence is how many lines are shown: the same line comes once for each of a service's starts.
const evidence = 3

// Of returns the first cause in the order of the rules that the journal shows and that can explain
// the failure.
func Of(s Symptoms) (Diagnosis, bool) {
	lines := eligible(s)
	for _, rule := range rules {
		if !rule.concerns(s) {
			continue
		}
		var last match
		d := Diagnosis{Code: rule.code}
		for _, line := range lines {
			if rule.ignores(line) {
				continue
			}
			if m := rule.shows.FindStringSubmatch(line.Text); m != nil {
				last = match{groups: m, age: line.Age}
				d.Evidence = appendNew(d.Evidence, Readable(line.Text))
			}
		}
		if last.groups == nil {
			continue
		}
		d.Evidence = d.Evidence[max(0, len(d.Evidence)-evidence):]
		d.Cause, d.Hint = rule.tells(s, last)
		return d, true
	}
	return Diagnosis{}, false
}

// concerns reports whether a rule may explain a failure like this one at all.
func (r rule) concerns(s Symptoms) bool {
	return (r.unit == "" || r.unit == s.Unit) && (r.explains == nil || slices.Contains(r.explains, s.Failure))
}

// appendNew appends a line unless it says the same as the one before.
func appendNew(lines []string, line string) []string {
	plain := func(s string) string { return numbers.ReplaceAllString(s, "#") }
	if len(lines) > 0 && plain(lines[len(lines)-1]) == plain(line) {
		lines[len(lines)-1] = line // the later one
		return lines
	}
	return append(lines, line)
}

var numbers = regexp.MustCompile(`[0-9]+`)
