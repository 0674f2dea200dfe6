package resource

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/fault"
)

// A Change is one resource that Converge or Restore has changed.
type Change struct {
	ID       string
	Before   string        // the State that was found
	After    string        // the State that is now
	Diff     string        // the line diff of the two
	Duration time.Duration // from looking at it to having verified it
}

// Converge makes the host equal to the wanted values, in their order. Each that differs is applied and looked at again:
// a difference that remains is an error, and so is the first failure. Before the first change ever of a resource, what
// was found is recorded for Restore. Changes are reported one by one; report may be nil.
//
// Nothing is remembered of a run that was cut off: the next one finds what is to be done.
func Converge(ctx context.Context, sys *System, wanted []Resource, report func(Change)) error {
	all, err := Observe(ctx, sys, wanted)
	if err != nil {
		all = nil // it may be the earlier resources that make the later ones readable
	}
	changed := false
	for i, w := range wanted {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := time.Now()
		// Until something has changed, what was seen together is still true.
		var found Resource
		if all != nil && !changed {
			found = all[i]
		} else if found, err = w.Observe(ctx, sys); err != nil {
			return fmt.Errorf("%s: %w", w.ID(), err)
		}
		if !Changed(found, w) {
			continue
		}
		changed = true
		change, err := converge(ctx, sys, found, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.ID(), err)
		}
		change.Duration = time.Since(begin)
		if report != nil {
			report(change)
		}
	}
	return nil
}

func converge(ctx context.Context, sys *System, found, wanted Resource) (Change, error) {
	if err := sys.record(found); err != nil {
		return Change{}, fmt.Errorf("record what was there: %w", err)
	}
	return applied(ctx, sys, found, wanted)
}

// A waiter changes nothing: its Apply looks until it has seen what is wanted. To look once more would only fail a run for
// an answer that is late, from an etcd that elects another leader for instance.
type waiter interface{ waits() bool }

// applied applies a value and verifies it.
func applied(ctx context.Context, sys *System, found, wanted Resource) (Change, error) {
	if err := wanted.Apply(ctx, sys); err != nil {
		return Change{}, err
	}
	if w, ok := wanted.(waiter); ok && w.waits() {
		return Change{ID: wanted.ID(), Before: found.State(), After: wanted.State(), Diff: Diff(found, wanted)}, nil
	}
	now, err := wanted.Observe(ctx, sys)
	if err != nil {
		return Change{}, fmt.Errorf("verify: %w", err)
	}
	if Changed(now, wanted) {
		err := fmt.Errorf("verify: it was applied, and still differs:\n%s", Diff(now, wanted))
		if service, ok := wanted.(Service); ok && service.Running {
			return Change{}, sys.failed(ctx, fault.ServiceNotStarted, service.Name, err) // it was started, and has crashed since
		}
		return Change{}, fault.NotAsWanted.Wrap(err)
	}
	return Change{ID: wanted.ID(), Before: found.State(), After: now.State(), Diff: Diff(found, now)}, nil
}
