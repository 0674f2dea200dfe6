package preflight

import (
	"fmt"
	"slices"
	"time"
)

const (
	skewWarn = 2 * time.Second
	skewFail = 30 * time.Second // as k0sctl has it; leases of nodes live 40 s
	// controlMachine stands where the name of a host would, for the machine that the tool runs on.
	controlMachine = "control machine"
)

// ClockSkew compares each clock with the median of all, to which the control machine's belongs: it
// makes the certificates. Offsets count from its clock.
func ClockSkew(s Scene) []Finding {
	if len(s.Hosts) == 0 {
		return nil
	}
	offsets := []time.Duration{0}
	for _, h := range s.Hosts {
		offsets = append(offsets, h.Clock.Offset)
	}
	slices.Sort(offsets)
	median := offsets[(len(offsets)-1)/2]

	var found []Finding
	judge := func(name string, skew, err time.Duration, note string) {
		f := Finding{Level: OK, Hosts: []string{name}, Evidence: away(skew) + note}
		switch sure := skew.Abs() - err; {
		case sure > skewFail:
			f.Level = Fail
		case sure > skewWarn:
			f.Level = Warn
		}
		if f.Level != OK || name != controlMachine {
			found = append(found, f)
		}
	}
	for _, h := range s.Hosts {
		note := ", synchronized"
		if !h.Clock.Synchronized {
			note = ", the kernel says that nothing synchronizes it"
		}
		judge(h.Name, h.Clock.Offset-median, h.Clock.Error, note)
	}
	judge(controlMachine, -median, 0, "")
	return found
}

// away tells a clock's distance from the median.
func away(skew time.Duration) string {
	switch {
	case skew.Abs() < time.Millisecond:
		return "within 1 ms of the median"
	case skew > 0:
		return fmt.Sprintf("%s ahead of the median", span(skew))
	}
	return fmt.Sprintf("%s behind the median", span(-skew))
}
