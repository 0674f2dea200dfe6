package fault

import "errors"

// Set is an error that consists of several errors. Each part is printed, and reported, by itself. A
// set that has a code of its own is told as well, after its parts.
type Set interface {
	error
	Parts() []error
}

// Listing is a set whose text already shows all of its parts, with their places and hints. Faults
// are the codes in it.
type Listing interface {
	Set
	Faults() []Code
}

// Place is where an error belongs: to a host and what was at work there, or to a line of one of the
// user's files. Any of the fields may be empty.
type Place struct {
	Host, Component string
	File            string
	Line, Column    int // they count from 1
}

// Placed is an error that knows its place.
type Placed interface {
	error
	Place() Place
}

// PlaceOf returns the place of an error: that of the outermost error in its chain that knows one.
func PlaceOf(err error) Place {
	var placed Placed
	if errors.As(err, &placed) {
		return placed.Place()
	}
	return Place{}
}

// Parts returns the errors to tell for an error: those of the outermost set in its chain, or the
// error alone.
func Parts(err error) []error {
	var set Set
	if !errors.As(err, &set) {
		return []error{err}
	}
	parts := set.Parts()
	if _, coded := set.(Coded); coded {
		parts = append(parts, err)
	}
	return parts
}
