// Package diagnosis knows the causes for which services fail: it reads a unit's journal and says
// which of them it shows, with the lines that tell. Start at Explain, which asks the host; Of is
// pure, text in and a Diagnosis out. The rules are in rules.go.
package diagnosis

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
)

// Symptoms are what is known of a service that failed.
type Symptoms struct {
	Unit    string    // "etcd.service"
	Journal string    // its journal, a line a message, the oldest first, with or without times
	Now     time.Time // the control machine's clock; zero when it does not matter
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

// Of returns the first cause in the order of the rules that the journal shows. Rules whose lines
// end a process come before those whose lines may also be seen where all is well, for the first
// seconds of a start for instance.
func Of(s Symptoms) (Diagnosis, bool) {
	lines := recent(strings.Split(strings.TrimSpace(s.Journal), "\n"))
	for _, rule := range rules {
		if rule.unit != "" && rule.unit != s.Unit {
			continue
		}
		var last []string
		d := Diagnosis{Code: rule.code}
		for _, line := range lines {
			if rule.except != nil && rule.except.MatchString(line) {
				continue
			}
			if m := rule.shows.FindStringSubmatch(line); m != nil {
				last = m
				d.Evidence = appendNew(d.Evidence, Readable(line))
			}
		}
		if last == nil {
			continue
		}
		d.Evidence = d.Evidence[max(0, len(d.Evidence)-evidence):]
		d.Cause, d.Hint = rule.tells(s, last)
		return d, true
	}
	return Diagnosis{}, false
}

// recent drops what is more than some minutes older than the last line: an earlier failure is not
// this one's cause. Lines without a time belong to the line before them.
func recent(lines []string) []string {
	const old = 10 * time.Minute
	last := time.Time{}
	for _, line := range slices.Backward(lines) {
		if at, ok := timeOf(line); ok {
			last = at
			break
		}
	}
	for i, line := range lines {
		if at, ok := timeOf(line); !ok && i == 0 || ok && last.Sub(at) <= old {
			return lines[i:]
		}
	}
	return lines
}

// timeOf is the time at the beginning of a line in journalctl's short-iso format.
func timeOf(line string) (time.Time, bool) {
	word, _, _ := strings.Cut(line, " ")
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if at, err := time.Parse(layout, word); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
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
