package host

import (
	"context"
	"errors"
	"syscall"

	"kbootstrap/fault"
)

// A Failure is how a service fails, as far as that bounds what can be the cause: what ends a
// process is not why one that runs does not answer.
type Failure string

// The kinds of Failure.
const (
	Crashed  Failure = "crashed"   // its process has ended, or ends again and again
	NotReady Failure = "not ready" // it runs, and its own endpoint does not answer as wanted
	Unheard  Failure = "unheard"   // it runs, and others wait in vain for what it should tell them
)

// UnitError is a service that does not start, or does not become healthy.
type UnitError struct {
	Code fault.Code
	Unit string // "etcd.service"
	// Node is the host that has the unit, by its name in the cluster; "" for this one.
	Node    string
	Failure Failure
	Err     error // what was waited for, and how that ended
	// Journal is what the unit wrote since the run touched it, or began to wait. It is not part of
	// the error's text, so that each reader shows it where it belongs.
	Journal Journal
	Since   Moment // from when on other units' journals are evidence
}

// Error is the error without the journal.
func (e *UnitError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *UnitError) Unwrap() error { return e.Err }

// Fault returns the code.
func (e *UnitError) Fault() fault.Code { return e.Code }

// Failed is the error of a unit; without one it is the error alone, with the code. Since is from
// when on its journal is evidence.
func (s *System) Failed(
	ctx context.Context, code fault.Code, unit string, failure Failure, since Moment, err error,
) error {
	if unit == "" {
		return code.Wrap(err)
	}
	j := s.Journal(ctx, unit, since)
	if failure != Crashed && !j.Runs {
		failure = Crashed
	}
	return &UnitError{Code: code, Unit: unit, Failure: failure, Err: err, Journal: j, Since: since}
}

// FaultOf returns the code of an error of a resource: its own, or that of what the system said, or
// StepFailed.
func FaultOf(err error) fault.Code {
	if code := fault.Of(err); code != "" {
		return code
	}
	for _, known := range []struct {
		errno syscall.Errno
		code  fault.Code
	}{
		{syscall.ENOSPC, fault.NoSpace}, {syscall.EDQUOT, fault.NoSpace},
		{syscall.EROFS, fault.ReadOnly}, {syscall.EIO, fault.DiskFails},
		{syscall.ENOTDIR, fault.PathOccupied}, {syscall.EISDIR, fault.PathOccupied},
	} {
		if errors.Is(err, known.errno) {
			return known.code
		}
	}
	return fault.StepFailed
}
