package host

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"time"

	"kbootstrap/fault"
)

// UnitError is a service that does not start, or does not become healthy.
type UnitError struct {
	Code fault.Code
	Unit string // "etcd.service"
	Err  error  // what was waited for, and how that ended
	// Journal is the end of the unit's journal, or a note in parentheses that there is none. It is
	// not part of the error's text, so that each reader shows it where it belongs.
	Journal string
}

// Error is the error without the journal.
func (e *UnitError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *UnitError) Unwrap() error { return e.Err }

// Fault returns the code.
func (e *UnitError) Fault() fault.Code { return e.Code }

// Failed is the error of a unit; without one it is the error alone, with the code.
func (s *System) Failed(ctx context.Context, code fault.Code, unit string, err error) error {
	if unit == "" {
		return code.Wrap(err)
	}
	return &UnitError{Code: code, Unit: unit, Err: err, Journal: s.journal(ctx, unit)}
}

// journal is the end of a unit's journal, or a note that there is none.
func (s *System) journal(ctx context.Context, unit string) string {
	// The deadline that has just passed must not keep us from saying why.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	out, err := s.Run(ctx, "journalctl", "-u", unit, "-n", "20", "--no-pager", "-o", "cat")
	if err != nil {
		return "(unreadable: " + err.Error() + ")"
	}
	if text := strings.TrimSpace(string(out)); text != "" {
		return text
	}
	return "(empty)"
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
