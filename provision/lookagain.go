package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/guard"
)

// roundTimeout bounds one more look at all hosts: one that does not answer by then is not waited
// for.
const roundTimeout = 20 * time.Second

// LookAgain brings a run that only looks up to date, over the sessions that are still there; hosts
// that could not be asked are tried again. That no host answers is no error here: Unreached has
// them all then.
func (r *Run) LookAgain(ctx context.Context) error {
	slow := fmt.Errorf("no answer within %s", roundTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, roundTimeout, slow)
	defer cancel()
	r.options.Report = nil // who looks again and again is not told of each try
	missing := r.dropUnreached()
	r.Warnings = nil
	r.Refusals = slices.DeleteFunc(r.Refusals, func(e *guard.RefusedError) bool { return e.Code != fault.StateLost })
	err := r.lookAgain(ctx, missing)
	if len(r.Unreached) == len(r.hosts) && !errors.Is(err, context.Canceled) {
		r.Plan = r.Plan.Without(r.LeftOut().Hosts()...)
		return nil
	}
	return err
}

func (r *Run) lookAgain(ctx context.Context, missing []inventory.Host) error {
	more, err := r.dial(ctx, missing, r.options, false)
	maps.Copy(r.Fleet, more)
	if err := r.leaveOut(err); err != nil {
		return err
	}
	r.chooseLead()
	return goThrough(ctx, r, []Stage{BuildPlan, ObserveAndCheckUp, Judge})
}

// dropUnreached ends the sessions to hosts that did not answer, forgets why, and returns all hosts
// without a session.
func (r *Run) dropUnreached() []inventory.Host {
	for name := range r.Unreached {
		r.Fleet.Drop(name)
	}
	r.Unreached = map[string]error{}
	return slices.DeleteFunc(slices.Clone(r.hosts), func(h inventory.Host) bool { return r.Fleet[h.Name] != nil })
}
