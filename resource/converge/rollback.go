package converge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// A RolledBackError says that a change did no good to a service that was healthy before it, and
// that what was there was put back.
type RolledBackError struct {
	Service  string   // "kube-apiserver.service"
	Restored []string // the IDs of what was put back, in that order
	Cause    error    // why the change was no good, with the end of the journal
	Failed   error    // why it is not as before nevertheless; nil when it is
}

// Error tells what was done first, because that is how the host is now.
func (e *RolledBackError) Error() string {
	what := "rolled back: " + e.Service + " is as before"
	if e.Failed != nil {
		what = "rolled back, but " + e.Service + " is not as before: " + e.Failed.Error() +
			"\nthe change that was tried"
	}
	text := what + ": " + e.Cause.Error()
	if len(e.Restored) > 0 {
		text += "\nput back:\n    " + strings.Join(e.Restored, "\n    ")
	}
	return text
}

// Unwrap returns the cause, and what went wrong on the way back.
func (e *RolledBackError) Unwrap() []error {
	if e.Failed == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Failed}
}

// Fault is the code of a change that was rolled back, or of one that could not be.
func (e *RolledBackError) Fault() fault.Code {
	switch {
	case e.Failed != nil:
		return fault.NotRolledBack
	case errors.Is(e.Cause, host.ErrStopped), errors.Is(e.Cause, context.Canceled):
		return "" // nothing is wrong with the change
	}
	return fault.RolledBack
}

// Hint says how to go on.
func (e *RolledBackError) Hint() string {
	if e.Failed != nil {
		return "mend the cause and run the same command again: it remembers what was healthy, and tries again"
	}
	return "the journal says why; mend the inventory, look at the plan, and run the same command again"
}

// rollback puts back what was found before a change, given in the order in which it was changed. It
// goes in two passes.
//
// The first goes backwards, newest first: a service is ended, then what it starts with is put back,
// so that nothing runs on a mixture of old and new. The second goes forwards: each service that ran
// is started, when all that it starts with is back, and its health is waited for, as far as it was
// found healthy.
//
// Both may be cut off anywhere and repeated. It goes on after a failure and returns them all. What
// is found of a resource of another kind, such as data, is left as it is.
func rollback(ctx context.Context, sys *host.System, found []resource.Resource, report func(resource.Change)) error {
	back := backwards(ctx, sys, found, report)
	start := forwards(ctx, sys, found, report)
	return errors.Join(back, start)
}

// backwards is the first pass.
func backwards(ctx context.Context, sys *host.System, found []resource.Resource, report func(resource.Change)) error {
	var problems []error
	for _, f := range slices.Backward(found) {
		if !kinds.Has(f, kinds.GoesBack) {
			continue
		}
		told := report
		if runner, ok := f.(resource.Runner); ok {
			f, told = runner.Ended(), nil // the other pass starts it, and tells of it
		}
		if err := putBack(ctx, sys, f, told); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// forwards is the second pass.
func forwards(ctx context.Context, sys *host.System, found []resource.Resource, report func(resource.Change)) error {
	var problems []error
	for _, f := range found {
		if !kinds.Has(f, kinds.Resumes) {
			continue
		}
		told := report
		if kinds.Has(f, kinds.Waits) {
			told = nil // it is no change
		}
		if err := putBack(ctx, sys, f, told); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func putBack(ctx context.Context, sys *host.System, found resource.Resource, report func(resource.Change)) error {
	begin := time.Now()
	now, err := found.Observe(ctx, sys)
	if err == nil && resource.Changed(now, found) {
		var change resource.Change
		if change, err = kinds.ApplyAndVerify(ctx, sys, now, found, nil); err == nil && report != nil {
			change.Back, change.Duration = true, time.Since(begin)
			report(change)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", found.ID(), err)
	}
	return nil
}
