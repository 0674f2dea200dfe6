package host

import (
	"context"
	"errors"
	"syscall"

	"kbootstrap/fault"
)

// UnitError is a service that does not start, or does not become healthy.
type UnitError struct {
	Code fault.Code
	Unit string // "etcd.service"
	Err  error  // what was waited for, and how that ended
	tail string // the end of its journal, below the message
}

// Error is the error, and below it the end of the unit's journal.
func (e *UnitError) Error() string { return e.Err.Error() + e.tail }

// Unwrap returns the error without the journal.
func (e *UnitError) Unwrap() error { return e.Err }

// Fault returns the code.
func (e *UnitError) Fault() fault.Code { return e.Code }

// Failed is the error of a unit; without one it is the error alone, with the code.
func (s *System) Failed(ctx context.Context, code fault.Code, unit string, err error) error {
	if unit == "" {
		return code.Wrap(err)
	}
	return &UnitError{Code: code, Unit: unit, Err: err, tail: s.journal(ctx, unit)}
}

// FaultOf returns the code of an error of a resource: its own, or that of what the system said, or StepFailed.
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
