package plan

import (
	"context"
	"slices"
	"sync"

	"kbootstrap/inventory"
)

// Outcome is how a run went for its hosts. Each host is in one of the three, in the order of the inventory.
type Outcome struct {
	Finished []string // all of its steps were done
	Failed   []string // a step failed there, or it could not be reached
	Skipped  []string // some steps were not begun, since something on another host failed
}

// tally counts, while a run goes on, the steps that are done and the hosts that failed.
type tally struct {
	mu   sync.Mutex
	Left map[string]int // steps, by the host that they are about
}

func NewTally(p Plan) *tally {
	t := &tally{Left: map[string]int{}}
	for _, s := range p.Steps {
		t.Left[s.About()]++
	}
	return t
}

// Counted is do, and counts the steps that are done.
func (t *tally) Counted(do func(context.Context, Step) error) func(context.Context, Step) error {
	return func(ctx context.Context, s Step) error {
		err := do(ctx, s)
		if err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.Left[s.About()]--
		}
		return err
	}
}

// OutcomeOf tells how it went for hosts, by the number of steps that are left to do on each and by what failed, before the
// run or in it.
func OutcomeOf(hosts []inventory.Host, p Plan, left map[string]int, failed Failures) Outcome {
	var o Outcome
	for _, h := range hosts {
		switch {
		case slices.Contains(failed.Hosts(), h.Name):
			o.Failed = append(o.Failed, h.Name)
		case p.CountOn(h.Name) == 0: // the plan is not about it
		case left[h.Name] > 0:
			o.Skipped = append(o.Skipped, h.Name)
		default:
			o.Finished = append(o.Finished, h.Name)
		}
	}
	return o
}
