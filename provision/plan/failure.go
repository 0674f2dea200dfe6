package plan

import (
	"cmp"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Failure is what went wrong on one host. Its text is a path to the cause: "m1: etcd: …".
type Failure struct {
	Host, Component string
	Err             error
}

// Error is the path to the cause. Errors that name the host already are not made to name it twice.
func (f Failure) Error() string {
	text := f.Err.Error()
	if strings.HasPrefix(text, f.Host+": ") {
		return text
	}
	return f.Host + ": " + f.Component + ": " + text
}

// Unwrap returns the cause.
func (f Failure) Unwrap() error { return f.Err }

// Hint is what the cause knows the user may do.
func (f Failure) Hint() string { return fault.HintOf(f.Err) }

// Place is the host, and the component or the stage of the run.
func (f Failure) Place() fault.Place { return fault.Place{Host: f.Host, Component: f.Component} }

// Failures are the root causes of a run that failed, one or more a host. What failed only since
// something before it did is not in it.
type Failures []Failure

// Error is one line a cause.
func (f Failures) Error() string {
	lines := make([]string, len(f))
	for i, failure := range f {
		lines[i] = failure.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the causes.
func (f Failures) Unwrap() []error { return f.Parts() }

// Parts are the causes.
func (f Failures) Parts() []error {
	causes := make([]error, len(f))
	for i, failure := range f {
		causes[i] = failure
	}
	return causes
}

// Hosts are the names of the hosts that failed.
func (f Failures) Hosts() []string {
	var names []string
	for _, failure := range f {
		if !slices.Contains(names, failure.Host) {
			names = append(names, failure.Host)
		}
	}
	return names
}

// ErrOrNil is the failures as an error, which none are not.
func (f Failures) ErrOrNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Sorted returns the failures in the order of the inventory.
func (f Failures) Sorted(hosts []inventory.Host) Failures {
	place := map[string]int{}
	for i, h := range hosts {
		place[h.Name] = i
	}
	slices.SortStableFunc(f, func(a, b Failure) int { return cmp.Compare(place[a.Host], place[b.Host]) })
	return f
}
