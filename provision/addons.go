package provision

import (
	"cmp"

	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// AddOnStatus is how an add-on is: what the inventory says of it, and what the cluster has.
type AddOnStatus struct {
	Name      string // its field under `addons`
	Component string
	What      string // what it is for
	Reach     string // how users come to it
	On        bool   // the inventory has it on
	Version   string // that which it has or is to have; empty when it is off
	Installed bool   // the cluster has all that the inventory says
	Left      bool   // it is off, and the cluster has something of it
	Starting  bool   // something of it was changed a moment ago, and does not work yet
	Problem   string // why it does not work; empty when it works, starts, or is off
	Known     bool   // the control plane that leads was asked
}

// LookAtAddOns lists how `addons` finds out how add-ons are.
func LookAtAddOns() []Stage { return Drift() }

// AddOnNames are the components that are add-ons.
func AddOnNames() []string {
	var names []string
	for _, c := range component.Components() {
		if c.AddOn != nil {
			names = append(names, c.Name)
		}
	}
	return names
}

// AddOns tells how the add-ons are, of what the plan found.
func (r *Run) AddOns() []AddOnStatus {
	var all []AddOnStatus
	stopped := stoppedUnits(r.Plan)
	versions, err := release.Versions(r.Cluster, component.Sources())
	if err != nil {
		versions = nil // a run that was prepared has looked them up before
	}
	for _, c := range component.Components() {
		if c.AddOn == nil {
			continue
		}
		a := AddOnStatus{
			Name: c.AddOn.Field, Component: c.Name, What: c.AddOn.What, Reach: c.AddOn.Reach(r.Cluster),
			On: c.AddOn.IsOn == nil || c.AddOn.IsOn(r.Cluster),
		}
		if a.On && len(c.Sources) > 0 {
			a.Version = versions[c.Sources[0].Component]
		}
		for _, s := range r.Plan.Steps {
			if s.Component.Name != c.Name || len(s.Found) != len(s.Wanted) {
				continue
			}
			health := componentStatus(s, stopped[s.At])
			if !a.Known {
				a.Known, a.Installed = !health.Unknown, true
			}
			a.Problem = cmp.Or(a.Problem, health.Problem)
			for i, found := range s.Found {
				a.Installed = a.Installed && !resource.Changed(found, s.Wanted[i])
				readiness, isTold := found.(api.Readiness)
				a.Starting = a.Starting || isTold && readiness.Starting
			}
			a.Left = !a.On && !a.Installed
		}
		if !a.On && c.AddOn.OnHosts {
			a.Known = true // this cluster has no such host
		}
		all = append(all, a)
	}
	return all
}
