package host

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/internal/posix"
)

// Starts is how the starts of a unit went and go: how often systemd has started it again by itself,
// how long its process has run since, and how long a start has not come to its end.
type Starts struct {
	Unit  string
	Count int
	// Ago is the age of the unit's process; 0 when there is none.
	Ago time.Duration
	// Starting is how long systemd has been starting the unit, and Waiting how long the unit has
	// been down while a job for it waits in systemd's queue; 0 when it does neither.
	Starting, Waiting time.Duration
}

// Starts returns the starts of those of the units that systemd had to start again, or is starting.
func (s *System) Starts(ctx context.Context, units []string) ([]Starts, error) {
	if len(units) == 0 {
		return nil, nil
	}
	return withStarts(s.processes(ctx, units))
}

// withStarts leaves out the units that systemd never had to start again, and is not about to start.
func withStarts(all []Starts, err error) ([]Starts, error) {
	return slices.DeleteFunc(all, func(s Starts) bool { return s.Count == 0 && s.Starting+s.Waiting == 0 }), err
}

// processes are the starts of units, and the ages of their processes.
func (s *System) processes(ctx context.Context, units []string) ([]Starts, error) {
	blocks, err := showUnits(ctx, s.Run, startsProperties, units)
	if err != nil {
		return nil, err
	}
	return parseProcesses(blocks, posix.Uptime()), nil
}

// startsProperties are those of a unit that tell of its starts.
const startsProperties = "Id,NRestarts,ExecMainStartTimestampMonotonic,ActiveState,Job," +
	"InactiveExitTimestampMonotonic,InactiveEnterTimestampMonotonic"

// parseProcesses reads what systemctl shows, of units whose times are of the monotonic clock that
// now is of too.
func parseProcesses(blocks []string, now time.Duration) []Starts {
	var all []Starts
	for _, block := range blocks {
		var s Starts
		state, job := "", int64(0)
		ages := map[string]time.Duration{}
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			number, _ := strconv.ParseInt(value, 10, 64) // what is no number is a text
			switch key {
			case "Id":
				s.Unit = value
			case "NRestarts":
				s.Count = int(number)
			case "ActiveState":
				state = value
			case "Job":
				job = number
			default:
				ages[key] = max(0, now-time.Duration(number)*time.Microsecond)
				if number == 0 && key == "ExecMainStartTimestampMonotonic" {
					ages[key] = 0 // it never had a process
				}
			}
		}
		s.Ago = ages["ExecMainStartTimestampMonotonic"]
		switch {
		case state == "activating":
			s.Starting = ages["InactiveExitTimestampMonotonic"]
		case job != 0 && (state == "inactive" || state == "failed"):
			s.Waiting = ages["InactiveEnterTimestampMonotonic"] // since the boot, if it never ran
		}
		all = append(all, s)
	}
	return all
}
