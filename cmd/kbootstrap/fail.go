package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/preflight"
	"kbootstrap/screen"
)

// The rules of the output: results go to standard output; progress goes to standard error, prefixed "kbootstrap:", in
// lower case without a full stop; so do errors, prefixed with their code; nothing moves when standard error is not a
// terminal.

// fail prints the error with its hints and returns its exit code.
func (a *app) fail(err error) int {
	code := exitCode(err)
	var (
		failures provision.Failures
		problems inventory.Problems
		refusals provision.Refusals
		checks   *preflight.Error
	)
	switch {
	case err.Error() == "":
	case code == exitInterrupted: // what it was at does not matter, but what went wrong on the way does
		if errors.As(err, &failures) {
			a.printErrors(causes(slices.DeleteFunc(failures, func(f provision.Failure) bool { return errors.Is(f, context.Canceled) })))
		}
	case errors.As(err, &problems):
		fmt.Fprintln(a.stderr, screen.Clean(problems.Error()))
		cli.PrintExplain(a.stderr, problems.Faults()...)
	case errors.As(err, &refusals): // their causes are in their texts
		a.printErrors(refusals.Unwrap())
	case errors.As(err, &failures):
		a.printErrors(causes(failures))
	case errors.As(err, &checks):
		a.printErrors(append(checks.Causes(), err))
	default:
		a.printErrors([]error{err})
	}
	if code == exitInterrupted {
		fmt.Fprintln(a.stderr, "kbootstrap: interrupted; run the same command again to finish")
	}
	if a.shown != nil && a.shown.log != "" && code != exitChanges && code != exitUsage && code != exitRefused {
		fmt.Fprintf(a.stderr, "log: %s\n", a.shown.log) // last, where it is found
	}
	return code
}

func causes(failures provision.Failures) []error {
	errs := make([]error, len(failures))
	for i, f := range failures {
		errs[i] = f
	}
	return errs
}

// printErrors prints errors with their codes.
func (a *app) printErrors(errs []error) { cli.PrintErrors(a.stderr, errs, codes) }

// codes are the code of an error, and the cause's own where the error has another, as of a change that was rolled back.
func codes(err error) []fault.Code {
	all := cli.Codes(err)
	var unit *provision.UnitFailure
	if errors.As(err, &unit) && unit.Diagnosis.Code != all[0] {
		all = append(all, unit.Diagnosis.Code)
	}
	return all
}
