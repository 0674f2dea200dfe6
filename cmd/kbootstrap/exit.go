package main

import (
	"context"
	"errors"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/remote"
)

// The exit codes of the tool. They are part of its interface: scripts depend on them.
const (
	exitOK          = 0
	exitFailure     = 1   // any failure without an exit code of its own
	exitUsage       = 2   // wrong flags, or an invalid inventory; no host was touched
	exitChanges     = 3   // plan --detailed-exitcode: there is something to do; drift: a host differs
	exitUnreachable = 4   // a host could not be reached, or did not let the tool in
	exitPreflight   = 5   // a check of the hosts failed; nothing was changed
	exitPartial     = 6   // some hosts failed, and some finished; drift: some hosts could not be compared
	exitUnhealthy   = 7   // a host or a component that should be healthy is not
	exitLocked      = 8   // another run holds the lock
	exitRefused     = 9   // the run would destroy data or lose quorum; or a saved plan is not what up would do now
	exitInterrupted = 130 // Ctrl-C
)

// exitError is an error with an exit code. Without an error it is only the code.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// exitCode is the exit code of an error.
func exitCode(err error) int {
	var (
		coded   exitError
		usage   cli.UsageError
		unready *remote.Error
		refused *guard.RefusedError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case fault.PlaceOf(err).File != "": // something is wrong in a file of the user
		return exitUsage
	case fault.PreflightFailed.Is(err):
		return exitPreflight
	case fault.NoCluster.Is(err) && !errors.As(err, &refused):
		return exitUnhealthy
	case fault.Locked.Is(err):
		return exitLocked
	case errors.As(err, &unready) && unready.Kind == remote.Config:
		return exitUsage
	case errors.As(err, &unready):
		return exitUnreachable
	case errors.As(err, &refused):
		return exitRefused
	}
	return exitFailure
}

// runError gives the failures of a run their exit code: partial if some hosts were finished, and
// otherwise unhealthy.
func runError(err error, outcome plan.Outcome) error {
	var failures plan.Failures
	if !errors.As(err, &failures) || errors.Is(err, context.Canceled) {
		return err
	}
	if len(outcome.Finished) > 0 {
		return exitError{exitPartial, err}
	}
	return exitError{exitUnhealthy, err}
}
