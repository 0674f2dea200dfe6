// Package plan says what is to be done on which host, and in which order. Plans are pure: the same
// targets give the same plan. Start at Build, then Walk.
package plan

import (
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// Step is one component for one host: what is wanted, and after it was looked at what was found.
type Step struct {
	Component component.Component
	Target    component.Target // the host that the step is about
	At        string           // the host where it is carried out: that host, or the control plane that leads
	Wanted    []resource.Resource
	Found     []resource.Resource // as long as Wanted, or nil when nothing was looked at yet
}

// Plan is the components of all hosts, in the order of Components and then of the inventory.
type Plan struct {
	Steps []Step
	// Spare is how many hosts may fail without keeping the others from what needs every host.
	Spare int
	// Waves are the numbers of the waves in which hosts get what is in waves, by their names.
	Waves map[string]int
	// AtOnce says that rolling components are changed on all hosts at once, although they run:
	// nothing is served that this could interrupt.
	AtOnce bool
}

// Build says what every target should have of the components. It is pure: the same targets give the
// same plan.
func Build(components []component.Component, targets []component.Target) Plan {
	var plan Plan
	for _, c := range components {
		for _, t := range targets {
			if c.On(t) {
				plan.Steps = append(plan.Steps, Step{Component: c, Target: t, At: c.At(t), Wanted: c.Resources(t)})
			}
		}
	}
	return plan
}

// About is the name of the host that the step is about.
func (s Step) About() string { return s.Target.Host.Name }

// Key tells the steps of a component apart that one host carries out: such steps do not wait for
// each other.
func (s Step) Key() string {
	if s.At == s.About() {
		return s.Component.Name
	}
	return s.Component.Name + " of " + s.About()
}

// Change is one resource that differs on a host.
type Change struct{ Found, Wanted resource.Resource }

// Changes are the resources of the step that differ.
func (s Step) Changes() []Change {
	var changes []Change
	for i, found := range s.Found {
		if resource.Changed(found, s.Wanted[i]) {
			changes = append(changes, Change{found, s.Wanted[i]})
		}
	}
	return changes
}

// ComponentsOf is the number of components that a host has in this plan.
func (p Plan) ComponentsOf(host string) int {
	n := 0
	for _, s := range p.Steps {
		if s.About() == host {
			n++
		}
	}
	return n
}

// Changes counts the resources that differ on all hosts.
func (p Plan) Changes() int {
	n := 0
	for _, s := range p.Steps {
		n += len(s.Changes())
	}
	return n
}

// Hosts returns the hosts that the plan is about or that carry out a part of it, in the order of
// the inventory.
func (p Plan) Hosts() []inventory.Host {
	seen := map[string]bool{}
	for _, s := range p.Steps {
		seen[s.About()], seen[s.At] = true, true
	}
	var hosts []inventory.Host
	if len(p.Steps) > 0 {
		for _, h := range p.Steps[0].Target.Cluster.Hosts {
			if seen[h.Name] {
				hosts = append(hosts, h)
			}
		}
	}
	return hosts
}
