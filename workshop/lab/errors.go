package lab

import "kbootstrap/fault"

// hintedError is an error that knows what the user may do about it.
type hintedError struct {
	err  error
	hint string
}

func (e hintedError) Error() string { return e.err.Error() }
func (e hintedError) Unwrap() error { return e.err }

// Fault returns the code.
func (e hintedError) Fault() fault.Code { return fault.LabRefused }

// Hint returns what the user may do; the command line prints it below the error.
func (e hintedError) Hint() string { return e.hint }
