package provision

import (
	"context"
	"strconv"
)

// Scope says what a run is about.
type Scope struct {
	// Hosts limits the plan to these; empty means all of the inventory.
	Hosts []string
	// Components limits the plan to these, by name; empty means all.
	Components []string
	// Tolerance is how many hosts the run may go on without.
	Tolerance Tolerance
}

// Tolerance is how many hosts may fail: a number, or a part of all. The zero value is none.
type Tolerance struct {
	Hosts   int
	Percent int
}

// String is a number, or a number and %.
func (t Tolerance) String() string {
	if t.Percent > 0 {
		return strconv.Itoa(t.Percent) + "%"
	}
	return strconv.Itoa(t.Hosts)
}

// Of is how many of so many hosts may fail; a part is rounded down.
func (t Tolerance) Of(hosts int) int { return max(t.Hosts, hosts*t.Percent/100) }

// TolerateAll has the run go on with whatever answers, as long as one host does.
func TolerateAll(_ context.Context, r *Run) error {
	r.Scope.Tolerance = Tolerance{Percent: 100}
	return nil
}
