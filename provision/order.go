package provision

import (
	"slices"
	"sync"

	"kbootstrap/provision/plan"
)

// order is the order in which the steps of a plan end: what a timeline knows of their waits.
type order struct {
	before map[string][]string // the IDs of the steps that must be done before each

	mu    sync.Mutex
	count int
	place map[string]int // of each step that has ended, from 1 on
}

func newOrder(p plan.Plan) *order {
	o := &order{before: map[string][]string{}, place: map[string]int{}}
	for i, s := range p.Steps {
		for _, b := range slices.Concat(p.Before(i), p.Yields(i)) {
			o.before[stepID(s)] = append(o.before[stepID(s)], stepID(p.Steps[b]))
		}
	}
	return o
}

// stepID names a step as users do: by the host that it is about, and its component.
func stepID(s plan.Step) string { return s.About() + "/" + s.Component.Name }

// ended notes that a step has ended, or that others go ahead of its end.
func (o *order) ended(s plan.Step) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	o.place[stepID(s)] = o.count
}

// last is the ID of the step that a step waited for last, or "" when it waited for none.
func (o *order) last(s plan.Step) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	last := ""
	for _, b := range o.before[stepID(s)] {
		if o.place[b] > o.place[last] {
			last = b
		}
	}
	return last
}
