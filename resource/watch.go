package resource

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kbootstrap/host"
)

// A Watch looks, during a wait for what a unit brings about, whether it still can.
type Watch struct {
	Unit    string // "" for none
	Crashes int    // give up when systemd has restarted it so often meanwhile; 0 means never
	Gate    bool   // another component is waited for, and may be yet to start the unit
	Crashed bool   // the unit was found to have ended, or to end again and again

	looked   time.Time // when it was looked at last
	counted  bool      // restarts is known
	restarts int       // how often systemd had restarted it when the wait began
	stopped  int       // how many looks in a row found it stopped
	// former says, at a gate, that the unit had failed when the wait began, and has not been
	// started since: the step that is waited for does that.
	former bool
}

const (
	unitPoll  = 500 * time.Millisecond
	stopLooks = 10 // so many looks in a row show a unit that is not about to start
)

// Hopeless is why there is nothing to wait for any more: the unit has failed, crashes again and
// again, or was stopped. It looks from time to time only.
func (w *Watch) Hopeless(ctx context.Context, sys *host.System) error {
	if w.Unit == "" || time.Since(w.looked) < unitPoll {
		return nil
	}
	first := w.looked.IsZero()
	w.looked = time.Now()
	u, err := sys.Unit(ctx, w.Unit)
	if err != nil {
		if ctx.Err() == nil {
			sys.Logf("%v", err)
		}
		return nil
	}
	if u.State == "inactive" && !u.Pending && !w.Gate {
		w.stopped++
	} else {
		w.stopped = 0
	}
	w.former = w.Gate && u.FailedForGood() && (first || w.former)
	switch {
	case u.FailedForGood() && !w.former:
		w.Crashed = true
		return fmt.Errorf("%s has failed", w.Unit)
	case w.stopped >= stopLooks:
		w.Crashed = true
		return fmt.Errorf("%s does not run, and nothing is about to start it", w.Unit)
	case !w.counted || u.Restarts < w.restarts:
		w.restarts, w.counted = u.Restarts, true
	case w.Crashes > 0 && u.Restarts-w.restarts >= w.Crashes:
		w.Crashed = true
		return fmt.Errorf("%s ends again and again: systemd restarted it %d times", w.Unit, u.Restarts-w.restarts)
	}
	return nil
}

// ended is how a wait ended, in words that say so: its time was up, or there was nothing more to
// wait for.
func ended(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return timeUpError{}
	}
	return err
}

// timeUpError says that a wait has lasted as long as it may.
type timeUpError struct{}

func (timeUpError) Error() string { return "the time is up" }

func (timeUpError) Unwrap() error { return context.DeadlineExceeded }
