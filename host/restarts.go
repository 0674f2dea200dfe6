package host

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Restarts is how often systemd has started a unit again by itself, and how long its process has
// run since.
type Restarts struct {
	Unit  string
	Count int
	// Ago is the age of the unit's process; 0 when there is none.
	Ago time.Duration
}

// Restarts returns the restarts of those of the units that systemd had to start again.
func (s *System) Restarts(ctx context.Context, units []string) ([]Restarts, error) {
	if len(units) == 0 {
		return nil, nil
	}
	return withRestarts(s.processes(ctx, units))
}

// withRestarts leaves out the units that systemd never had to start again.
func withRestarts(all []Restarts, err error) ([]Restarts, error) {
	return slices.DeleteFunc(all, func(r Restarts) bool { return r.Count == 0 }), err
}

// processes are the restarts of units, and the ages of their processes.
func (s *System) processes(ctx context.Context, units []string) ([]Restarts, error) {
	argv := append([]string{"systemctl", "show", "-p", "Id,NRestarts,ExecMainStartTimestampMonotonic", "--"}, units...)
	out, err := s.Run(ctx, argv...)
	if err != nil {
		return nil, err
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return nil, fmt.Errorf("clock: %w", err)
	}
	return parseProcesses(string(out), time.Duration(now.Nano())), nil
}

// parseProcesses reads what systemctl shows, of units whose processes began at times of the
// monotonic clock that now is of too.
func parseProcesses(shown string, now time.Duration) []Restarts {
	var all []Restarts
	for block := range strings.SplitSeq(strings.TrimSpace(shown), "\n\n") {
		var r Restarts
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			number, _ := strconv.ParseInt(value, 10, 64) // what is no number is the Id
			switch key {
			case "Id":
				r.Unit = value
			case "NRestarts":
				r.Count = int(number)
			case "ExecMainStartTimestampMonotonic":
				if number > 0 {
					r.Ago = max(0, now-time.Duration(number)*time.Microsecond)
				}
			}
		}
		all = append(all, r)
	}
	return all
}
