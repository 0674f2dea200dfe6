package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/provision/diagnosis"
	"kbootstrap/screen"
)

// The rules of the output: results go to standard output. Progress goes to standard error, prefixed
// "kbootstrap:", in lower case without a full stop; errors go there too, prefixed with their code.
// Nothing moves if standard error is not a terminal.

// fail prints the error with its hints and returns its exit code.
func (a *app) fail(err error) int {
	if cli.IsReaderGone(err, a.stdout) {
		return cli.ExitReaderGone
	}
	code := exitCode(err)
	var listing fault.Listing
	switch {
	case err.Error() == "":
	case code == exitInterrupted: // what was interrupted does not matter, but what went wrong before does
		a.printErrors(slices.DeleteFunc(fault.Parts(err), func(e error) bool { return errors.Is(e, context.Canceled) }))
	case errors.As(err, &listing):
		fmt.Fprintln(a.stderr, screen.Clean(listing.Error()))
		cli.PrintExplain(a.stderr, listing.Faults()...)
	default:
		a.printErrors(fault.Parts(err))
	}
	if code == exitInterrupted {
		fmt.Fprintln(a.stderr, "kbootstrap: interrupted; "+a.afterInterrupt())
	}
	if a.shown != nil && a.shown.log != "" && code != exitChanges && code != exitUsage && code != exitRefused {
		fmt.Fprintf(a.stderr, "log: %s\n", a.shown.log) // last, where people look
	}
	return code
}

// afterInterrupt says how it is after a command that was interrupted.
func (a *app) afterInterrupt() string {
	if a.shown != nil && !a.shown.works.Load() && a.shown.changed == 0 {
		return "no host was changed"
	}
	return "run the same command again to finish"
}

// printErrors prints errors with their codes.
func (a *app) printErrors(errs []error) { cli.PrintErrors(a.stderr, errs, codes) }

// codes are the code of an error and, if the cause has another code, that of the cause: a change
// that was rolled back has both.
func codes(err error) []fault.Code {
	all := cli.Codes(err)
	var unit *diagnosis.UnitFailure
	if errors.As(err, &unit) && unit.Diagnosis.Code != all[0] {
		all = append(all, unit.Diagnosis.Code)
	}
	return all
}
