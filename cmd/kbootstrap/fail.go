package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/provision"
	"kbootstrap/screen"
)

// The rules of the output: results go to standard output. Progress goes to standard error, prefixed "kbootstrap:", in
// lower case without a full stop; errors go there too, prefixed with their code. Nothing moves if standard error is not a
// terminal.

// fail prints the error with its hints and returns its exit code.
func (a *app) fail(err error) int {
	code := exitCode(err)
	var listing fault.Listing
	switch {
	case err.Error() == "":
	case code == exitInterrupted: // what was interrupted does not matter, but what went wrong before does
		a.printErrors(slices.DeleteFunc(fault.Parts(err), func(e error) bool { return errors.Is(e, context.Canceled) }))
	case errors.As(err, &listing):
		fmt.Fprintln(a.stderr, screen.Clean(listing.Error()))
		a.printExplain(listing.Faults()...)
	default:
		a.printErrors(fault.Parts(err))
	}
	if code == exitInterrupted {
		fmt.Fprintln(a.stderr, "kbootstrap: interrupted; run the same command again to finish")
	}
	if a.shown != nil && a.shown.log != "" && code != exitChanges && code != exitUsage && code != exitRefused {
		fmt.Fprintf(a.stderr, "log: %s\n", a.shown.log) // last, where people look
	}
	return code
}

// printErrors prints errors with their codes. A hint that several errors in a row share, for instance when no host of a
// network can be reached, is printed once, below the last of them.
func (a *app) printErrors(errs []error) {
	for i, err := range errs {
		a.printError(err)
		last := i == len(errs)-1
		if last || fault.OfLocal(errs[i+1]) != fault.OfLocal(err) || fault.HintOfLocal(errs[i+1]) != fault.HintOfLocal(err) {
			fmt.Fprintf(a.stderr, "  hint: %s\n", indented(fault.HintOfLocal(err)))
			a.printExplain(codes(err)...)
		}
	}
}

// printError prints an error with its code.
func (a *app) printError(err error) {
	fmt.Fprintf(a.stderr, "error[%s]: %s\n", fault.OfLocal(err), indented(err.Error()))
}

// codes are the code of an error and, if the cause has another code, that of the cause: a change that was rolled back has both.
func codes(err error) []fault.Code {
	all := []fault.Code{fault.OfLocal(err)}
	var unit *provision.UnitFailure
	if errors.As(err, &unit) && unit.Diagnosis.Code != all[0] {
		all = append(all, unit.Diagnosis.Code)
	}
	return all
}

// printExplain prints how to learn more about codes.
func (a *app) printExplain(codes ...fault.Code) {
	words := make([]string, len(codes))
	for i, code := range codes {
		words[i] = string(code)
	}
	fmt.Fprintf(a.stderr, "  explain: kbootstrap explain %s\n", strings.Join(words, " "))
}

// indented returns a text whose lines after the first are indented, made safe for a terminal.
func indented(text string) string { return strings.ReplaceAll(screen.Clean(text), "\n", "\n  ") }
