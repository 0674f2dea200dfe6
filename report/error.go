package report

import (
	"errors"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/preflight"
)

// Error is one thing that went wrong.
type Error struct {
	// The code of the fault, such as "KB2104"; `kbootstrap explain` tells more. Absent where there is none.
	Code string `json:"code,omitempty"`
	// The path to the cause, such as "m1: etcd: write /etc/x: no space left on device".
	Message string `json:"message"`
	// What to do about it, where that is known.
	Hint string `json:"hint,omitempty"`
	// The host that it happened on.
	Host string `json:"host,omitempty"`
	// The component, or the stage of the run, such as "connect".
	Component string `json:"component,omitempty"`
	// Of an error in a file of the user: its path.
	File string `json:"file,omitempty"`
	// The line in that file; the first is 1.
	Line int `json:"line,omitempty"`
	// The column in that line; the first is 1.
	Column int `json:"column,omitempty"`
}

// Errors are the single errors that an error of a run consists of: one for each failure on a host, and for each problem
// of an inventory. An error without a text, which is only an exit code, is none.
func Errors(err error) []Error {
	if err == nil || err.Error() == "" {
		return nil
	}
	var (
		failures provision.Failures
		problems inventory.Problems
		checks   *preflight.Error
		refusals provision.Refusals
		all      []Error
	)
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			all = append(all, Error{
				Code: string(p.Code), Message: p.Message, Hint: p.Hint, File: p.File, Line: p.Line, Column: p.Column,
			})
		}
	case errors.As(err, &refusals):
		for _, r := range refusals {
			all = append(all, single(r))
		}
	case errors.As(err, &failures):
		for _, f := range failures {
			all = append(all, single(f))
		}
	case errors.As(err, &checks):
		for _, cause := range append(checks.Causes(), err) {
			all = append(all, single(cause))
		}
	default:
		all = append(all, single(err))
	}
	return all
}

func single(err error) Error {
	code := fault.OfLocal(err)
	e := Error{Code: string(code), Message: err.Error(), Hint: fault.HintOf(&fault.Error{Code: code, Err: err})}
	var (
		failure provision.Failure
		refused *provision.RefusedError
	)
	switch {
	case errors.As(err, &refused):
		e.Host = refused.Host
	case errors.As(err, &failure):
		e.Host, e.Component = failure.Host, failure.Component
	}
	return e
}
