package node

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/resource/converge"
)

// The kinds of errors that a node reports.
const (
	kindFailed  = "failed"
	kindStopped = "stopped"
	kindLocked  = "locked"
	kindRequest = "request" // the client asked for nonsense: a bug, or a node of another version
)

// RemoteError is what went wrong on the host, in the host's words.
type RemoteError struct {
	Kind string // "failed" or "request"
	Text string // without the journal
	// Unit is the service that does not work, such as "etcd.service", when it is one that failed.
	Unit string
	// Node is the host that has the unit, when that is not the one which says so.
	Node    string
	Failure host.Failure // of the unit
	// Journal is what the unit has written since it became a matter of this run.
	Journal host.Journal
	Since   host.Moment // from when on other journals of that host are evidence
	code    fault.Code
	hint    string
}

// journalShown is how many lines of a journal are shown where none of them explains anything.
const journalShown = 20

// Error is the text, and below it the end of the unit's journal.
func (e *RemoteError) Error() string { return WithJournal(e.Text, e.Unit, e.Journal) }

// WithJournal is a text with the end of a unit's journal below it.
func WithJournal(text, unit string, journal host.Journal) string {
	end := journal.End(journalShown)
	if unit == "" || end == "" {
		return text
	}
	return text + "\njournal of " + unit + ":\n    " + strings.ReplaceAll(end, "\n", "\n    ")
}

// Fault returns the code that the host gave it.
func (e *RemoteError) Fault() fault.Code { return e.code }

// Hint says what the user may do about it; it is empty when the host knew nothing.
func (e *RemoteError) Hint() string { return e.hint }

// LockedError says that another run works on the host.
type LockedError struct{ Holder Holder }

// Error names the run that has the lock.
func (e *LockedError) Error() string {
	h := e.Holder
	if h == (Holder{}) {
		return "locked by another run"
	}
	return fmt.Sprintf("locked by %s@%s (pid %d) since %s: %s",
		h.User, h.Host, h.PID, h.Since.UTC().Format(time.RFC3339), h.Command)
}

// Fault returns the code.
func (e *LockedError) Fault() fault.Code { return fault.Locked }

// Hint says how the lock goes away.
func (e *LockedError) Hint() string {
	return "wait until that run ends or stop it there; the lock ends with it; " +
		"a host whose connection broke while a service was being changed " +
		"makes that service healthy first"
}

// StoppedError says that a request was ended early, since Client.Stop had asked for it.
type StoppedError struct{ Text string }

// Error is the host's words.
func (e *StoppedError) Error() string { return e.Text }

// LostError says that the connection to the node ended while something was asked of it. What was
// going on there was cut off; what it had done stays.
type LostError struct{ Err error }

// Error says how the connection ended.
func (e *LostError) Error() string { return fmt.Sprintf("connection to the node lost: %v", e.Err) }

// Unwrap returns how the connection ended.
func (e *LostError) Unwrap() error { return e.Err }

// Fault returns the code.
func (e *LostError) Fault() fault.Code { return fault.SessionLost }

// Hint says that nothing needs repair.
func (e *LostError) Hint() string { return "run the same command again: it goes on where it stopped" }

// wireError is an error on its way from the host to the control machine.
type wireError struct {
	Kind string     `json:"kind"`
	Text string     `json:"text"`
	Code fault.Code `json:"code"`
	Hint string     `json:"hint,omitempty"`
	// What follows is known of a unit that failed; see host.UnitError.
	Unit    string       `json:"unit,omitempty"`
	Node    string       `json:"node,omitempty"`
	Failure host.Failure `json:"failure,omitempty"`
	Journal host.Journal `json:"journal,omitzero"`
	Since   host.Moment  `json:"since,omitempty"`

	Holder *Holder `json:"holder,omitempty"`
}

func toWire(err error) *wireError {
	if err == nil {
		return nil
	}
	w := &wireError{Kind: kindFailed, Text: err.Error(), Code: host.FaultOf(err)}
	var unit *host.UnitError
	if errors.As(err, &unit) {
		w.Unit, w.Node, w.Failure, w.Journal, w.Since = unit.Unit, unit.Node, unit.Failure, unit.Journal, unit.Since
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		w.Hint = hinted.Hint()
	}
	var locked *LockedError
	if errors.As(err, &locked) {
		w.Kind, w.Holder = kindLocked, &locked.Holder
	}
	var rolled *converge.RolledBackError
	if errors.Is(err, host.ErrStopped) && (!errors.As(err, &rolled) || rolled.Failed == nil) {
		w.Kind = kindStopped
	}
	var request requestError
	if errors.As(err, &request) {
		w.Kind, w.Code = kindRequest, fault.NodeMismatch
	}
	return w
}

func (w *wireError) error() error {
	switch {
	case w == nil:
		return nil
	case w.Kind == kindLocked && w.Holder != nil:
		return &LockedError{Holder: *w.Holder}
	case w.Kind == kindStopped:
		return &StoppedError{Text: WithJournal(w.Text, w.Unit, w.Journal)}
	default:
		return &RemoteError{
			Kind: w.Kind, Text: w.Text, code: w.Code, hint: w.Hint,
			Unit: w.Unit, Node: w.Node, Failure: w.Failure, Journal: w.Journal, Since: w.Since,
		}
	}
}

// requestError marks an error that is the client's fault.
type requestError struct{ error }

func (e requestError) Unwrap() error { return e.error }
