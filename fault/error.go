package fault

import "fmt"

// Coded is an error that knows its code.
type Coded interface {
	error
	Fault() Code
}

// Of returns the code of an error: that of the outermost error in its chain that has one, or "".
func Of(err error) Code {
	code := Code("")
	walk(err, func(err error) bool {
		//nolint:errorlint // this one error is meant, and not those that it wraps
		if c, ok := err.(Coded); ok {
			code = c.Fault()
		}
		return code != ""
	})
	return code
}

// HintOf returns what the user may do about an error: the hint of the outermost error in its chain
// that has one, or else what the catalogue says about its code, or "". An error in one of the
// user's files has only a hint of its own: the place says more than the catalogue could.
func HintOf(err error) string {
	hint := ""
	walk(err, func(err error) bool {
		if h, ok := err.(interface{ Hint() string }); ok {
			hint = h.Hint()
		}
		return hint != ""
	})
	if hint == "" && PlaceOf(err).File == "" {
		entry, _ := Lookup(Of(err))
		hint = entry.Hint()
	}
	return hint
}

// walk visits the errors of a chain from the outside until visit has what it looked for. errors.As
// would stop at the first error of a type, even if that error has no hint or code.
func walk(err error, visit func(error) bool) bool {
	if err == nil {
		return false
	}
	if visit(err) {
		return true
	}
	//nolint:errorlint // as above
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return walk(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if walk(err, visit) {
				return true
			}
		}
	}
	return false
}

// Error is an error with a code, for where a type of its own would have nothing else to say.
type Error struct {
	Code   Code
	Err    error
	Advice string // what to do in this very case; "" when the catalogue knows no less
}

// Error is the text of the error alone: codes are added where errors are printed.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *Error) Unwrap() error { return e.Err }

// Fault returns the code.
func (e *Error) Fault() Code { return e.Code }

// Hint returns the advice.
func (e *Error) Hint() string { return e.Advice }

// Wrap gives an error the code. Nil stays nil.
func (c Code) Wrap(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: c, Err: err}
}

// Errorf makes an error of the code as fmt.Errorf does.
func (c Code) Errorf(format string, args ...any) error {
	return &Error{Code: c, Err: fmt.Errorf(format, args...)}
}

// Is reports whether an error has the code anywhere in its chain.
func (c Code) Is(err error) bool {
	return walk(err, func(err error) bool {
		e, ok := err.(Coded)
		return ok && e.Fault() == c
	})
}
