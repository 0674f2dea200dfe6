// Package fault is the catalogue of what can go wrong: a code for each thing that a user can look
// up and fix. The codes are part of the tool's interface: one never changes its meaning, and a
// retired one is never used again. Start at All.
//
// To add one:
//
//  1. In the file of its area, a constant and an entry:
//
//     const HostKeyChanged Code = "KB2003"
//
//     {HostKeyChanged, "the host key has changed", `Why it comes about.`, `What to do, first in one line.
//
//     kbootstrap hosts trust -i hosts.yaml`},
//
//  2. Give it to the error: a typed error has a method Fault() fault.Code, any other error is made by
//     fault.HostKeyChanged.Errorf("…: %w", err) or fault.HostKeyChanged.Wrap(err). The text of the
//     error does not change. Codes cross the wire between a host and the control machine.
//
//  3. Write a test that makes the error come about and compares fault.Of(err) with
//     fault.HostKeyChanged, or a script in cmd/kbootstrap/testdata/script that has the code in a
//     line of stderr.
//
//  4. go test ./fault -update writes docs/errors.md.
//
// The tests of this package fail for a code that no code returns, that no test asserts, or that has
// no entry.
package fault

import (
	"cmp"
	"slices"
	"strings"
)

// A Code names one thing that can go wrong, such as "KB2104". The first digit is the area, the
// second a part of it:
//
//	KB10 the inventory                   KB11 the command line and the user's settings
//	KB20 host keys                       KB21 logging in and becoming root
//	KB22 connections and the agent       KB30 preflight checks
//	KB40 artifacts and their sums        KB41 the state directory, certificates and keys
//	KB50 what a step does on a host      KB51 services that fail, by known cause
//	KB60 plans, drift and refusals       KB61 locks and runs that were cut off
//	KB90 bugs
type Code string

// An Entry is what the catalogue says about a code. Cause and Fix are paragraphs with blank lines
// between them; a line that begins with four blanks is a command and is shown as it is.
type Entry struct {
	Code  Code
	Title string // in lower case, one line, without a full stop
	Cause string // what it means and how it comes about
	Fix   string // what to do. Its first paragraph is the hint when the error itself has none
}

// Hint is the first paragraph of what to do, on one line.
func (e Entry) Hint() string {
	first, _, _ := strings.Cut(e.Fix, "\n\n")
	return strings.TrimSuffix(strings.Join(strings.Fields(first), " "), ".")
}

// All returns the catalogue in the order of the codes.
func All() []Entry {
	return slices.SortedFunc(slices.Values(slices.Concat(
		inventoryEntries, bareEntries, foreignEntries, connectionEntries, loginEntries, sessionEntries,
		preflightEntries,
		stateEntries, rollbackEntries, stepEntries, relayEntries, unitEntries, auditEntries, verifyEntries,
		planEntries, memberEntries, upgradeEntries, encryptionEntries, keyEntries, adoptEntries,
		addOnEntries, registryEntries,
		ingressEntries, storeEntries, lockEntries, backupEntries, bucketEntries, bugEntries,
	)), func(a, b Entry) int { return cmp.Compare(a.Code, b.Code) })
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
