// Package converge makes a host what resources say: it observes them together, applies those that
// differ in their order, verifies each, and puts back a service that a change made unhealthy. Start
// at Converge. Its tests are those of the kinds, in package resource.
package converge

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// Converge makes the host equal to the wanted values, in their order. Each that differs is applied
// and looked at again: a difference that remains is an error, and so is the first failure. Before
// the first change ever of a resource, what was found is recorded for Restore. Changes are reported
// one by one; report may be nil.
//
// Nothing is remembered of a run that was cut off: the next one finds what is to be done.
//
// A running service that was healthy is changed as a whole (see transaction): when it does not
// become healthy again, or the list cannot be carried out up to there, what was there is put back,
// and the error is a *RolledBackError. Once the service itself is being changed, the end of ctx
// does not end the work, but only what comes after.
func Converge(ctx context.Context, sys *host.System, wanted []resource.Resource, report func(resource.Change)) error {
	all, err := Observe(ctx, sys, wanted)
	if err != nil {
		all = nil // it may be the earlier resources that make the later ones readable
	}
	t, err := begin(sys, wanted, all, report)
	if err != nil {
		return err
	}
	for i := range wanted {
		if err := t.step(ctx, i); err != nil {
			return t.undo(ctx, err)
		}
	}
	return nil
}

// step makes one resource of the list as wanted.
func (t *transaction) step(ctx context.Context, i int) error {
	if err := t.sys.Interrupted(ctx); err != nil && !t.urgent(i) {
		return err
	}
	ctx, cancel := t.work(ctx, i)
	defer cancel()
	wanted := t.judged(i)
	change, err := t.make(ctx, i, wanted)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !t.urgent(i) {
			err = cause // and not what it was at
		}
		return fmt.Errorf("%s: %w", wanted.ID(), err)
	}
	if change.ID != "" && t.report != nil {
		t.report(change)
	}
	return t.done(i)
}

// make applies one resource if it differs; the change has no ID if it does not, or if it has
// reported others.
func (t *transaction) make(ctx context.Context, i int, wanted resource.Resource) (resource.Change, error) {
	begin := time.Now()
	// Until something has changed, what was seen together is still true.
	var found resource.Resource
	if t.all != nil && !t.changed {
		found = t.all[i]
	} else {
		var err error
		if found, err = wanted.Observe(ctx, t.sys); err != nil {
			return resource.Change{}, err
		}
	}
	if !resource.Changed(found, wanted) {
		return resource.Change{}, nil
	}
	if err := t.about(ctx, i, found); err != nil {
		return resource.Change{}, fmt.Errorf("note what was there: %w", err)
	}
	change, err := converge(ctx, t.sys, found, wanted, t.report)
	change.Duration = time.Since(begin)
	return change, err
}

func converge(
	ctx context.Context, sys *host.System, found, wanted resource.Resource, report func(resource.Change),
) (resource.Change, error) {
	if err := kinds.KeepOriginal(sys, found); err != nil {
		return resource.Change{}, fmt.Errorf("record what was there: %w", err)
	}
	return kinds.ApplyAndVerify(ctx, sys, found, wanted, report)
}
