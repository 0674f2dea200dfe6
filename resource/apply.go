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

// Applied applies a value and verifies it. What only waits has seen what is wanted: to look once more would only fail a run
// for an answer that is late, from an etcd that elects another leader for instance.
//
// What changes several others reports them, and is no change itself: the Change that is returned has no ID then. Report may
// be nil.
func Applied(ctx context.Context, sys *host.System, found, wanted Resource, report func(Change)) (Change, error) {
	several, isSeveral := wanted.(Several)
	apply := wanted.Apply
	if isSeveral {
		apply = func(ctx context.Context, sys *host.System) error { return several.ApplyEach(ctx, sys, report) }
	}
	if err := apply(ctx, sys); err != nil {
		return Change{}, err
	}
	if Has(wanted, Waits) {
		return Change{ID: wanted.ID(), Before: found.State(), After: wanted.State(), Diff: Diff(found, wanted)}, nil
	}
	now, err := wanted.Observe(ctx, sys)
	if err != nil {
		return Change{}, fmt.Errorf("verify: %w", err)
	}
	if Changed(now, wanted) {
		err := fmt.Errorf("verify: it was applied, and still differs:\n%s", Diff(now, wanted))
		if runner, ok := wanted.(Runner); ok {
			return Change{}, runner.Unmet(ctx, sys, err)
		}
		return Change{}, fault.NotAsWanted.Wrap(err)
	}
	if isSeveral {
		return Change{}, nil
	}
	return Change{ID: wanted.ID(), Before: found.State(), After: now.State(), Diff: Diff(found, now)}, nil
}
