package verify

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/host"
)

// waitLimit is how long something is waited for.
type waitLimit time.Duration

// What is waited for at most. Images are on the hosts before, so that pods start within seconds.
const (
	accountWait = waitLimit(20 * time.Second)
	agentWait   = waitLimit(45 * time.Second)
	podWait     = waitLimit(45 * time.Second)
	rolloutWait = waitLimit(90 * time.Second)
	leaveWait   = waitLimit(60 * time.Second)

	logWait    = waitLimit(10 * time.Second)
	closeLimit = 90 * time.Second
	forceAfter = 15 * time.Second

	poll = 250 * time.Millisecond
)

// await looks until what is waited for is there. look returns how far it is; an error of it ends
// the wait only if the time is up, because the API may be busy.
func await(
	ctx context.Context, limit waitLimit, what string, look func(context.Context) (done bool, state string, err error),
) error {
	deadline, cancel := context.WithTimeout(ctx, time.Duration(limit))
	defer cancel()
	var last error
	state := ""
	err := host.Poll(deadline, poll, func() (bool, error) {
		done, now, err := look(deadline)
		if deadline.Err() == nil {
			last, state = err, now // and not that the time was up while it was asked
		}
		return done && err == nil, nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
	case last != nil:
		return fmt.Errorf("waited %s for %s: %w", time.Duration(limit), what, last)
	case state != "":
		return fmt.Errorf("waited %s for %s: %s", time.Duration(limit), what, state)
	}
	return fmt.Errorf("waited %s for %s", time.Duration(limit), what)
}
