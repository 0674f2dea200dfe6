package resource

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Steady is a service whose process has run for a while: one that has answered once may end a
// moment later.
type Steady struct {
	Unit   string // "kubelet.service"
	For    time.Duration
	Absent bool // it does not run, or not for so long yet
}

// ID is "steady UNIT".
func (s Steady) ID() string { return "steady " + s.Unit }

// State says for how long the process has run at least, or is empty.
func (s Steady) State() string { return States(Flag("has run for "+s.For.String(), !s.Absent)) }

// Answers returns the unit.
func (s Steady) Answers() (unit string, all bool) { return s.Unit, false }

// Absence is a service that does not run.
func (s Steady) Absence() Resource {
	s.Absent = true
	return s
}

// Announcement is what Apply tells before it begins to watch.
func (s Steady) Announcement() string {
	return fmt.Sprintf("waiting until %s has run for %s", s.Unit, s.For)
}

// Observe asks how old the process is. Where that cannot be told, as within some containers, a
// process that runs will do.
func (s Steady) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := s
	u, err := sys.Unit(ctx, s.Unit)
	found.Absent = err != nil || !u.Runs() || s.isYoung(sys, u)
	return found, err
}

// isYoung reports whether the process is known to have run for less than it should. One that has
// just ended is: systemd names it for a moment longer.
func (s Steady) isYoung(sys *host.System, u host.Unit) bool {
	age, told := sys.RunsSince(u.PID)
	return told && age < s.For
}

// Apply waits until the process that runs has run for so long. It gives up as soon as that process
// has ended, whether or not systemd has started another by then.
func (s Steady) Apply(ctx context.Context, sys *host.System) error {
	if s.Absent {
		return nil
	}
	sys.Logf("%s", s.Announcement())
	since := sys.Since(s.Unit)
	deadline, cancel := context.WithTimeout(ctx, s.For+time.Minute)
	defer cancel()
	first := 0
	var last error
	err := host.Poll(deadline, unitPoll, func() (bool, error) {
		var u host.Unit
		u, last = sys.Unit(deadline, s.Unit)
		switch {
		case last != nil:
			return false, nil //nolint:nilerr // systemd is asked again
		case first == 0 && u.Runs():
			first = u.PID
		case first == 0 && !u.FailedForGood():
			last = fmt.Errorf("%s is %s", s.Unit, u.State)
			return false, nil
		}
		if !u.Runs() || u.PID != first {
			return false, fmt.Errorf("%s has ended within the %s for which it is watched", s.Unit, s.For)
		}
		return !s.isYoung(sys, u), nil
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	if deadline.Err() != nil {
		err = fmt.Errorf("waited until %s has run for %s: %w; last answer: %w", s.Unit, s.For, ended(err), last)
	}
	return sys.Failed(ctx, fault.ServiceNotReady, s.Unit, host.Crashed, since, err)
}
