package plan

import (
	"context"
	"slices"
	"sync"

	"kbootstrap/inventory"
)

// Outcome is how a run went for its hosts. Each host is in one of the three, in the order of the
// inventory.
type Outcome struct {
	Finished []string // all of its steps were done
	Failed   []string // a step failed there, or it could not be reached
	Skipped  []string // some steps were not begun, since something on another host failed
}

// Tally counts, while a run goes on, the steps that are done.
type Tally struct {
	plan Plan

	mu   sync.Mutex
	left map[string]int // steps, by the host that they are about
}

// NewTally counts the steps of a plan of which none is done.
func NewTally(p Plan) *Tally {
	t := &Tally{plan: p, left: map[string]int{}}
	for _, s := range p.Steps {
		t.left[s.About()]++
	}
	return t
}

// Counting returns do, with the steps that it does counted.
func (t *Tally) Counting(
	do func(ctx context.Context, s Step, settled func()) error,
) func(context.Context, Step, func()) error {
	return func(ctx context.Context, s Step, settled func()) error {
		err := do(ctx, s, settled)
		if err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.left[s.About()]--
		}
		return err
	}
}

// CountAll counts every step as done: there was nothing to do.
func (t *Tally) CountAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.left)
}

// Outcome says how it went for hosts, by the steps that are left to do on each and by what failed,
// before the run or in it.
func (t *Tally) Outcome(hosts []inventory.Host, failed Failures) Outcome {
	t.mu.Lock()
	defer t.mu.Unlock()
	var o Outcome
	for _, h := range hosts {
		switch {
		case slices.Contains(failed.Hosts(), h.Name):
			o.Failed = append(o.Failed, h.Name)
		case t.plan.ComponentsOf(h.Name) == 0: // the plan is not about it
		case t.left[h.Name] > 0:
			o.Skipped = append(o.Skipped, h.Name)
		default:
			o.Finished = append(o.Finished, h.Name)
		}
	}
	return o
}
