package resource

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// A Change is one resource that Converge or Restore has changed.
type Change struct {
	ID       string
	Before   string        // the State that was found
	After    string        // the State that is now
	Diff     string        // the line diff of the two
	Duration time.Duration // from looking at it to having verified it
	Back     bool          // it was put back to what it was before the run
}

// A waiter changes nothing: its Apply looks until it has seen what is wanted. To look once more would only fail a run for
// an answer that is late, from an etcd that elects another leader for instance.
type Waiter interface{ Waits() bool }

// Applied applies a value and verifies it.
func Applied(ctx context.Context, sys *host.System, found, wanted Resource) (Change, error) {
	if err := wanted.Apply(ctx, sys); err != nil {
		return Change{}, err
	}
	if w, ok := wanted.(Waiter); ok && w.Waits() {
		return Change{ID: wanted.ID(), Before: found.State(), After: wanted.State(), Diff: Diff(found, wanted)}, nil
	}
	now, err := wanted.Observe(ctx, sys)
	if err != nil {
		return Change{}, fmt.Errorf("verify: %w", err)
	}
	if Changed(now, wanted) {
		err := fmt.Errorf("verify: it was applied, and still differs:\n%s", Diff(now, wanted))
		if service, ok := wanted.(Service); ok && service.Running {
			return Change{}, sys.Failed(ctx, fault.ServiceNotStarted, service.Name, err) // it was started, and has crashed since
		}
		return Change{}, fault.NotAsWanted.Wrap(err)
	}
	return Change{ID: wanted.ID(), Before: found.State(), After: now.State(), Diff: Diff(found, now)}, nil
}
