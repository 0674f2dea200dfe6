package resource

import (
	"context"
	"slices"
	"strings"

	"kbootstrap/host"
)

// Swap is the host's swap space, now and at boot. The kubelet refuses to start with swap on unless
// told otherwise.
type Swap struct {
	On     bool
	Active []string // only in a found value: what is in use now
	Fstab  []string // only in a found value: the lines of /etc/fstab that turn swap on at boot
}

// ID is "swap".
func (s Swap) ID() string { return "swap" }

// State shows what is in use and what will be at boot; it is empty when swap is off.
func (s Swap) State() string {
	if !s.On {
		return ""
	}
	lines := []string{Flag("on", len(s.Active)+len(s.Fstab) == 0)}
	for _, a := range s.Active {
		lines = append(lines, "active "+a)
	}
	for _, l := range s.Fstab {
		lines = append(lines, "at boot "+l)
	}
	return States(lines...)
}

// offMark is put before a line of /etc/fstab that must not turn swap on at boot, so that it can be
// put back.
const offMark = "#kbootstrap: swap off# "

// Observe reads /proc/swaps and /etc/fstab.
func (s Swap) Observe(_ context.Context, sys *host.System) (Resource, error) {
	var found Swap
	swaps, err := sys.Read("/proc/swaps")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(swaps) {
		if strings.HasPrefix(line, "/") {
			found.Active = append(found.Active, host.UnescapeOctal(strings.Fields(line)[0]))
		}
	}
	fstab, err := sys.Read("/etc/fstab")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(fstab) {
		if isSwapLine(line) {
			found.Fstab = append(found.Fstab, strings.TrimSuffix(line, "\n"))
		}
	}
	found.On = len(found.Active)+len(found.Fstab) > 0
	return found, nil
}

// Apply turns all swap off, or turns on again what was found on.
func (s Swap) Apply(ctx context.Context, sys *host.System) error {
	fstab, err := sys.Read("/etc/fstab")
	if err != nil {
		return err
	}
	var changed strings.Builder
	for line := range strings.Lines(fstab) {
		was, marked := strings.CutPrefix(line, offMark)
		switch {
		case !s.On && isSwapLine(line):
			line = offMark + line
		case s.On && marked && s.atBoot(was):
			line = was
		}
		changed.WriteString(line)
	}
	if changed.String() != fstab {
		if err := sys.Rewrite("/etc/fstab", changed.String()); err != nil {
			return err
		}
	}
	observed, err := s.Observe(ctx, sys)
	if err != nil {
		return err
	}
	now, _ := observed.(Swap)
	switch {
	case !s.On && len(now.Active) > 0:
		_, err = sys.Change(ctx, "swapoff", "-a")
	case s.On && len(s.Active) == 0 && len(s.Fstab) == 0:
		_, err = sys.Change(ctx, "swapon", "-a")
	case s.On:
		for _, device := range s.Active {
			if !slices.Contains(now.Active, device) && err == nil {
				_, err = sys.Change(ctx, "swapon", device)
			}
		}
	}
	return err
}

// atBoot reports whether the line was one of those that were found; without a list, all were.
func (s Swap) atBoot(line string) bool {
	return len(s.Fstab)+len(s.Active) == 0 || slices.Contains(s.Fstab, strings.TrimSuffix(line, "\n"))
}

// isSwapLine reports whether a line of fstab is not a comment and its third field, the type, is
// swap.
func isSwapLine(line string) bool {
	fields := strings.Fields(line)
	return len(fields) >= 3 && !strings.HasPrefix(fields[0], "#") && fields[2] == "swap"
}
