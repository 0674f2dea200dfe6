package audit

import (
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// filtersCalls is the version of systemd from which the tool's units have a filter of system calls
// (docs/decisions/0034-units.md).
const filtersCalls = 239

// sandboxes judges what the services of the tool may do, by their processes: whatever a drop-in
// says, these are the rights that they have.
func sandboxes(s Scene, h Host) Verdict {
	var loose []string
	seen := 0
	for _, service := range component.Services(s.Cluster, h.Host) {
		for _, p := range daemonsOf(h) {
			if p.Unit != service.Unit {
				continue
			}
			seen++
			var problems []string
			if p.Core != "0" {
				problems = append(problems, "leaves core dumps")
			}
			if !service.Sandbox.Open {
				problems = append(problems, outside(h, p, service.Sandbox.Capabilities)...)
			}
			if problems != nil {
				loose = append(loose, of(p)+" "+strings.Join(problems, ", "))
			}
		}
	}
	switch {
	case len(loose) > 0:
		return fail(some(loose, "; "))
	case seen == 0:
		return unknown("no service of the cluster runs")
	}
	return pass("the processes of " + number(seen) + " services have the rights that their components declare")
}

// outside lists what a process may do that a sandbox does not let it.
func outside(h Host, p host.Daemon, capabilities []string) []string {
	var problems []string
	if more := p.MayHave(capabilities); len(more) > 0 {
		problems = append(problems, "may have "+some(more, " and "))
	}
	if !p.NoNewPrivileges {
		problems = append(problems, "may gain rights by what it starts")
	}
	if !p.OwnMounts {
		problems = append(problems, "sees all files of the host")
	}
	if h.Facts.Systemd >= filtersCalls && !p.Filters {
		problems = append(problems, "may make every system call")
	}
	return problems
}

// Wall is what a host has of the tool's firewall: a thing that is wanted there.
type Wall struct {
	ID            string
	Wanted, Found string // as resources have them; equal when all is as it should be
}

// walls judges the firewall that is loaded, where the inventory has one configured.
func walls(s Scene, h Host) Verdict {
	switch {
	case s.Cluster.Firewall != inventory.FirewallConfigure:
		return Verdict{NotApplicable, "the inventory says firewall: " + s.Cluster.Firewall}
	case h.WallsErr != "":
		return unknown(h.WallsErr)
	case len(h.Walls) == 0:
		return unknown("the host did not tell")
	}
	var wrong []string
	var loaded string
	for _, w := range h.Walls {
		if w.Wanted != "" {
			loaded = w.ID // after what loads it
		}
		if w.Found != w.Wanted {
			wrong = append(wrong, w.ID+" "+w.difference())
		}
	}
	if len(wrong) > 0 {
		return fail(some(wrong, "; "))
	}
	return pass(loaded + " lets in what the components declare")
}

// difference says how a thing is not what is wanted. nftables lists some rules otherwise than they
// are written; those that let something in by its port or interface it does not.
func (w Wall) difference() string {
	if w.Found == "" {
		return "is not there"
	}
	found, wanted := lines(w.Found), lines(w.Wanted)
	var differs []string
	for _, line := range found {
		if isOpening(line) && !slices.Contains(wanted, line) {
			differs = append(differs, "has "+line)
		}
	}
	for _, line := range wanted {
		if isOpening(line) && !slices.Contains(found, line) {
			differs = append(differs, "lacks "+line)
		}
	}
	if len(differs) == 0 {
		return "is not what the components declare"
	}
	return some(differs, ", ")
}

func isOpening(line string) bool {
	return !strings.Contains(line, "{") && !strings.Contains(line, "#")
}

func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		all = append(all, strings.TrimSpace(line))
	}
	return all
}
