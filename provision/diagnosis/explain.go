package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/node"
)

// patience is how long the questions may take: a host that fails may be slow, and without an answer
// there is no diagnosis.
const patience = 20 * time.Second

// UnitFailure is a service that failed of a known cause.
type UnitFailure struct {
	Unit      string
	Diagnosis Diagnosis
	Err       error // what failed, in the host's words
}

// Error is the cause, what was waited for, and the lines of the journal that tell.
func (e *UnitFailure) Error() string {
	var b strings.Builder
	b.WriteString(e.Diagnosis.Cause)
	if code := e.Fault(); code != e.Diagnosis.Code {
		fmt.Fprintf(&b, " (%s)", e.Diagnosis.Code)
	}
	// The end of the journal that the host sent along is replaced by the lines that matter.
	fmt.Fprintf(&b, "\n%s\njournal of %s:", textOf(e.Err), e.Unit)
	for _, line := range e.Diagnosis.Evidence {
		b.WriteString("\n  > " + line)
	}
	return b.String()
}

// Unwrap returns what failed.
func (e *UnitFailure) Unwrap() error { return e.Err }

// Fault is the code of the cause; of a change that was rolled back that is told first.
func (e *UnitFailure) Fault() fault.Code {
	if code := fault.Of(e.Err); code == fault.RolledBack || code == fault.NotRolledBack {
		return code
	}
	return e.Diagnosis.Code
}

// Hint is what to do about the cause.
func (e *UnitFailure) Hint() string {
	if e.Diagnosis.Hint != "" {
		return e.Diagnosis.Hint
	}
	entry, _ := fault.Lookup(e.Diagnosis.Code)
	return entry.Hint()
}

// unexplained is a failure of a unit on another host than the one that tells of it: the journal is
// added, and nothing is claimed.
type unexplained struct {
	unit, node string
	journal    host.Journal
	err        error
}

func (e *unexplained) Error() string {
	return node.WithJournal(textOf(e.err), e.unit+" on "+e.node, e.journal)
}

func (e *unexplained) Unwrap() error { return e.err }

// textOf is what failed, in the host's words, without a journal.
func textOf(err error) string {
	var remote *node.RemoteError
	if errors.As(err, &remote) {
		return remote.Text
	}
	return err.Error()
}

// Host is asked for what tells why a service failed there.
type Host interface {
	Evidence(ctx context.Context, unit string, since host.Moment) (host.Journal, error)
	Survey(ctx context.Context, query host.SurveyQuery) (host.Survey, error)
}

// needs are the units without which another does not do its work.
var needs = map[string]string{"kubelet.service": "containerd.service"}

// Explain adds the cause to an error about a unit, when what the unit wrote since it is a matter of
// this run shows one that is known. The host is the one that tells of the error; others finds
// another by its name, or nil.
func Explain(ctx context.Context, h Host, others func(name string) Host, err error) error {
	var remote *node.RemoteError
	if !errors.As(err, &remote) || remote.Unit == "" {
		return err
	}
	// A run that is stopped wants to know why something failed as much as another.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	journal := remote.Journal
	if remote.Node != "" {
		if h = others(remote.Node); h == nil {
			return err
		}
		var asked error
		if journal, asked = h.Evidence(ctx, remote.Unit, 0); asked != nil {
			return err
		}
	}
	explain := func(journal host.Journal) error {
		failure := remote.Failure
		switch {
		case !journal.Runs:
			failure = host.Crashed
		case failure == host.Crashed && journal.Unit != remote.Unit:
			failure = host.NotReady // it is the other unit that has ended
		}
		d, ok := Of(Symptoms{
			Unit: journal.Unit, Failure: failure, Lines: journal.Lines, Now: time.Now(),
			Holder: func(port int) string { return holderOf(ctx, h, port) },
		})
		if !ok {
			return nil
		}
		return &UnitFailure{Unit: journal.Unit, Diagnosis: d, Err: err}
	}
	if known := explain(journal); known != nil {
		return known
	}
	if needed := needs[remote.Unit]; needed != "" {
		other, asked := h.Evidence(ctx, needed, remote.Since)
		if asked == nil {
			if known := explain(other); known != nil {
				return known
			}
		}
	}
	if remote.Node != "" {
		return &unexplained{unit: remote.Unit, node: remote.Node, journal: journal, err: err}
	}
	return err
}

// holderOf says who listens on a TCP port of a host.
func holderOf(ctx context.Context, h Host, port int) string {
	found, err := h.Survey(ctx, host.SurveyQuery{TCP: []int{port}})
	if err != nil {
		return ""
	}
	for _, p := range found.Ports {
		if p.PID != 0 {
			return fmt.Sprintf("%s (pid %d)", p.Program, p.PID)
		}
	}
	return ""
}
