package kinds

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/resource"
)

// ApplyAndVerify applies a value and verifies it. What waits, or sees, has seen what is wanted: to
// look once more would only fail a run for an answer that is late, from an etcd that elects another
// leader for instance.
//
// What changes several others reports them, and is no change itself: the Change that is returned
// has no ID then. Report may be nil.
func ApplyAndVerify(
	ctx context.Context, sys *host.System, found, wanted resource.Resource, report func(resource.Change),
) (resource.Change, error) {
	several, isSeveral := wanted.(resource.Several)
	apply := wanted.Apply
	if isSeveral {
		apply = func(ctx context.Context, sys *host.System) error { return several.ApplyEach(ctx, sys, report) }
	}
	if err := apply(ctx, sys); err != nil {
		return resource.Change{}, err
	}
	if Has(wanted, Waits|Sees) {
		return resource.Change{
			ID:     wanted.ID(),
			Before: found.State(),
			After:  wanted.State(),
			Diff:   resource.Diff(told(sys, found), told(sys, wanted)),
		}, nil
	}
	now, err := observeApplied(ctx, sys, wanted)
	if err != nil {
		return resource.Change{}, fmt.Errorf("verify: %w", err)
	}
	if resource.Changed(now, wanted) {
		err := fmt.Errorf("verify: it was applied, and still differs:\n%s", resource.Diff(now, wanted))
		if runner, ok := wanted.(resource.Runner); ok {
			return resource.Change{}, runner.Unmet(ctx, sys, err)
		}
		return resource.Change{}, fault.NotAsWanted.Wrap(err)
	}
	if isSeveral {
		return resource.Change{}, nil
	}
	return resource.Change{
		ID:     wanted.ID(),
		Before: found.State(),
		After:  now.State(),
		Diff:   resource.Diff(told(sys, found), told(sys, now)),
	}, nil
}

// For how long an answer may be late, and how often it is asked for.
const (
	lateAnswer = 30 * time.Second
	lateAsked  = 250 * time.Millisecond
)

// observeApplied observes a value that was applied. A service that answers for it has just taken
// it, so absence means that the answer is late: from an etcd that elects another leader, or from
// rights that are not known everywhere yet. It is asked again then.
func observeApplied(
	ctx context.Context, sys *host.System, wanted resource.Resource,
) (now resource.Resource, err error) {
	answered, isAnswered := wanted.(resource.Answered)
	deadline, cancel := context.WithTimeout(ctx, lateAnswer)
	defer cancel()
	_ = host.Poll(deadline, lateAsked, func() (bool, error) {
		now, err = wanted.Observe(ctx, sys)
		isLate := err == nil && isAnswered && resource.Changed(now, wanted) &&
			!resource.Changed(now, answered.Absence())
		return !isLate, err
	})
	return now, err
}
