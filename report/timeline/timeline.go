// Package timeline shows where the time of a run went: from the run's log, which component ran on
// which host and when, what waited for what, and the path that nothing could have shortened but
// itself. Start at Read.
package timeline

import (
	"slices"
	"time"
)

// Run is what a log tells of one run. Times are counted from its beginning.
type Run struct {
	Command string // what was typed after the name of the program
	Cluster string
	Begin   time.Time
	Took    time.Duration
	Stages  []Span // what came before the first component: connecting, checks; in their order
	Steps   []Step // in the order in which they began
	Sent    []Span // the contents that were sent to hosts; they are named by what they are
}

// Span is something that took a while.
type Span struct {
	Name       string
	Host       string // "" for the run as a whole
	Begin, End time.Duration
}

// Took is the length of the span.
func (s Span) Took() time.Duration { return s.End - s.Begin }

// Step is the work on one component of one host. Its name is the component's.
type Step struct {
	Span
	After   string // the step that it waited for last, as "w1/containerd"; "" when it waited for none
	Outcome string // "done", "failed" or "stopped"; "" when the log ends before the step
	Changes []Span // the resources that were changed
	Notes   []Span // what the host said of its progress: a wait begins there; they have no length
}

// ID is the name by which other steps refer to the step.
func (s Step) ID() string { return s.Host + "/" + s.Name }

// Hosts are the hosts of the steps, in the order in which they began.
func (r Run) Hosts() []string {
	var hosts []string
	for _, s := range r.Steps {
		if !slices.Contains(hosts, s.Host) {
			hosts = append(hosts, s.Host)
		}
	}
	return hosts
}

// longest are the changes of a step that took the most time, at most n, the longest first.
func (s Step) longest(n int) []Span {
	changes := slices.Clone(s.Changes)
	slices.SortStableFunc(changes, func(a, b Span) int { return int(b.Took() - a.Took()) })
	return changes[:min(n, len(changes))]
}
