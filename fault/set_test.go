package fault_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"kbootstrap/fault"
)

// several is a set of errors.
type several []error

func (s several) Error() string   { return errors.Join(s...).Error() }
func (s several) Unwrap() []error { return s }
func (s several) Parts() []error  { return slices.Clone(s) }

// checks is a set with a code of its own.
type checks struct{ several }

func (checks) Fault() fault.Code { return fault.PreflightFailed }

// onHost is an error that knows its host.
type onHost struct {
	error
	host string
}

func (e onHost) Place() fault.Place { return fault.Place{Host: e.host} }
func (e onHost) Unwrap() error      { return e.error }

// TestParts: an error that is no set is its own only part, a set with a code is told after its
// parts, and of two sets the outer one counts.
func TestParts(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	checked := fmt.Errorf("prepare: %w", checks{several{a, b}})
	inner := fmt.Errorf("inner: %w", several{a, b})
	for name, test := range map[string]struct {
		err  error
		want []error
	}{
		"alone":        {a, []error{a}},
		"wrapped set":  {inner, []error{a, b}},
		"coded set":    {checked, []error{a, b, checked}},
		"set of a set": {several{inner, b}, []error{inner, b}},
	} {
		if got := fault.Parts(test.err); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestPlaceOf: the outermost place counts.
func TestPlaceOf(t *testing.T) {
	err := fmt.Errorf("x: %w", onHost{fmt.Errorf("y: %w", onHost{errors.New("z"), "inner"}), "outer"})
	if got := fault.PlaceOf(err).Host; got != "outer" {
		t.Errorf("the host is %q", got)
	}
	if got := fault.PlaceOf(errors.New("z")); got != (fault.Place{}) {
		t.Errorf("an error without a place is at %+v", got)
	}
}
