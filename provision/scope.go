package provision

import (
	"fmt"
	"strconv"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/provision/plan"
)

// Scope says what a run is about, and what it may do.
type Scope struct {
	// Hosts limits the plan to these; empty means all of the inventory.
	Hosts []string
	// Components limits the plan to these, by name; empty means all.
	Components []string
	// Change takes the locks that a run which changes hosts needs, and refuses what Run.Refusals would have.
	Change bool
	// Keep writes certificates that have to be issued into the state directory. A run that changes hosts always does; one
	// that only looks does it when what it found is to hold later.
	Keep bool
	// Sick goes on without any number of hosts that cannot be asked, as long as one can.
	Sick bool
	// Spare is how many hosts the run may go on without.
	Spare Tolerance
	// Approved is asked once the plan is known, before any check or change; its error ends the run. May be nil.
	Approved func(*Run) error
	// Preflight asks for the checks of the hosts; nil leaves them out.
	Preflight *Preflight
}

// Tolerance is how many hosts may fail: a number, or a part of all. The zero value is none.
type Tolerance struct {
	hosts   int
	percent int
}

// ParseTolerance reads "2" or "10%".
func ParseTolerance(text string) (Tolerance, error) {
	digits, part := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(digits)
	switch {
	case err != nil || n < 0:
		return Tolerance{}, fmt.Errorf("%q is neither a number of hosts nor a percentage, such as 2 or 10%%", text)
	case part && n > 100:
		return Tolerance{}, fmt.Errorf("%q is more than all hosts", text)
	case part:
		return Tolerance{percent: n}, nil
	}
	return Tolerance{hosts: n}, nil
}

// String is what ParseTolerance reads.
func (t Tolerance) String() string {
	if t.percent > 0 {
		return strconv.Itoa(t.percent) + "%"
	}
	return strconv.Itoa(t.hosts)
}

// Of is how many of so many hosts may fail; a part is rounded down.
func (t Tolerance) Of(hosts int) int { return max(t.hosts, hosts*t.percent/100) }

// limited returns the plan within the scope.
func limited(p plan.Plan, s Scope) plan.Plan {
	if len(s.Hosts) > 0 {
		p = p.Only(s.Hosts...)
	}
	if len(s.Components) > 0 {
		p = p.OnlyComponents(s.Components...)
	}
	return p
}

// concerned returns the named hosts and the first control plane, where the API is asked, without some.
func concerned(c *inventory.Cluster, names []string, without ...string) []inventory.Host {
	wanted := map[string]bool{c.With(inventory.ControlPlane)[0].Name: true}
	for _, name := range names {
		wanted[name] = true
	}
	for _, name := range without {
		delete(wanted, name)
	}
	var hosts []inventory.Host
	for _, h := range c.Hosts {
		if wanted[h.Name] {
			hosts = append(hosts, h)
		}
	}
	return hosts
}
