package guard

import (
	"strings"

	"kbootstrap/fault"
)

// RefusedError says that something was asked for which would harm the cluster, and what to do
// instead.
type RefusedError struct {
	Code         fault.Code
	Host         string // the host that it is about; empty when it is about the cluster
	Text, Advice string
	Cause        error // what made it come about, if that is an error; may be nil
}

// Error says what is refused and why.
func (e *RefusedError) Error() string {
	text := e.Text
	if e.Host != "" {
		text = e.Host + ": " + text
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }

// Fault returns the code.
func (e *RefusedError) Fault() fault.Code { return e.Code }

// Hint says what to do instead.
func (e *RefusedError) Hint() string { return e.Advice }

// Place is the host that it is about.
func (e *RefusedError) Place() fault.Place { return fault.Place{Host: e.Host} }

// Refusals are all that is refused of a run. It is never empty when it is an error.
type Refusals []*RefusedError

// Error is one line a refusal.
func (rs Refusals) Error() string {
	lines := make([]string, len(rs))
	for i, r := range rs {
		lines[i] = r.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the refusals.
func (rs Refusals) Unwrap() []error { return rs.Parts() }

// Parts are the refusals. Their causes are in their texts.
func (rs Refusals) Parts() []error {
	all := make([]error, len(rs))
	for i, r := range rs {
		all[i] = r
	}
	return all
}
