// Package fault is the catalogue of what can go wrong: a code for each thing that a user can look up and mend. The codes
// are part of the tool's interface: one never changes its meaning, and a retired one is never used again. Rooms give their
// typed errors a method Fault that returns a code; cmd prints it, and `kbootstrap explain` shows the entry. Start at All.
package fault

import (
	"errors"
	"slices"
)

// A Code names one thing that can go wrong, such as "KB2104". The first digit is the area: 1 the inventory and the command
// line, 2 connections, 3 preflight, 4 artifacts, certificates and the state directory, 5 what happens on hosts, 6 plans,
// refusals and locks, 9 bugs.
type Code string

// An Entry is what the catalogue says about a code.
type Entry struct {
	Code  Code
	Title string // in lower case, one line
	Cause string // what it means and how it comes about
	Mend  string // what to do, with the commands to type
}

// All returns the catalogue in the order of the codes.
func All() []Entry {
	return slices.SortedFunc(slices.Values(slices.Concat(
		inventoryEntries, connectionEntries, preflightEntries, stateEntries, hostEntries, planEntries, bugEntries,
	)), func(a, b Entry) int {
		if a.Code < b.Code {
			return -1
		}
		return 1
	})
}

// Lookup returns the entry of a code.
func Lookup(code Code) (Entry, bool) {
	for _, e := range All() {
		if e.Code == code {
			return e, true
		}
	}
	return Entry{}, false
}

// Coded is an error that knows its code.
type Coded interface {
	error
	Fault() Code
}

// Of returns the code of an error: that of the outermost error in its chain that has one, or "".
func Of(err error) Code {
	var coded Coded
	if errors.As(err, &coded) {
		return coded.Fault()
	}
	return ""
}
