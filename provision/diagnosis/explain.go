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

const (
	journalLines = 300              // of a journal: a stack of Go takes a hundred
	patience     = 15 * time.Second // a host that fails may be slow; without an answer there is no diagnosis
)

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
	what := e.Err.Error()
	var remote *node.RemoteError
	if errors.As(e.Err, &remote) {
		what = remote.Text // the end of the journal that the host sent along is replaced by the lines that matter
	}
	fmt.Fprintf(&b, "\n%s\njournal of %s:", what, e.Unit)
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

// Host is asked for what tells why a service failed there.
type Host interface {
	Journal(ctx context.Context, unit string, lines int) (string, error)
	Survey(ctx context.Context, query host.SurveyQuery) (host.Survey, error)
}

// Explain asks the host for the journal of the unit that an error is about, and adds the cause when
// it is a known one.
func Explain(ctx context.Context, h Host, err error) error {
	var remote *node.RemoteError
	if !errors.As(err, &remote) || remote.Unit == "" {
		return err
	}
	// A run that is stopped wants to know why something failed as much as another.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	units := []string{remote.Unit}
	if remote.Unit == "kubelet.service" {
		units = append(units, "containerd.service") // without which no node is ready
	}
	for _, unit := range units {
		journal, asked := h.Journal(ctx, unit, journalLines)
		if asked != nil {
			return err
		}
		d, ok := Of(Symptoms{Unit: unit, Journal: journal, Now: time.Now(), Holder: func(port int) string {
			return holderOf(ctx, h, port)
		}})
		if ok {
			return &UnitFailure{Unit: unit, Diagnosis: d, Err: err}
		}
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
