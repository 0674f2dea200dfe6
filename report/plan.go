package report

import (
	"kbootstrap/provision"
	"kbootstrap/provision/resource"
)

// What is to happen to a resource.
const (
	ActionCreate = "create" // it is not there
	ActionChange = "change" // it is there, and differs
	ActionRemove = "remove" // it is there, and should not be
)

// Plan is the result of a plan, and part of a plan that was saved.
type Plan struct {
	// The hosts that were looked at, in the order of the inventory.
	Hosts []PlannedHost `json:"hosts"`
	// What keeps "up" from carrying the plan out, since it would harm the cluster that is there. Absent when nothing does.
	Refused []Error `json:"refused,omitempty"`
	// What is odd and keeps nothing from being carried out.
	Warnings []string `json:"warnings,omitempty"`
	// Why hosts could not be looked at. They are not in the plan.
	Unreached []Error `json:"unreached,omitempty"`
	// What differs, in the order in which it would be made; empty when nothing does.
	Changes []Change `json:"changes"`
}

// PlannedHost is a host that a plan is about.
type PlannedHost struct {
	// The host's name in the inventory.
	Name string `json:"name"`
	// The address by which the other hosts reach it.
	Address string `json:"address"`
	// Its /etc/machine-id: another machine has another one.
	MachineID string `json:"machineId,omitempty"`
	// The UUID of its firmware, where that has one.
	ProductUUID string `json:"productUuid,omitempty"`
}

// Change is one resource that differs from what the inventory says.
type Change struct {
	// The host's name in the inventory.
	Host string `json:"host"`
	// The component that the resource belongs to.
	Component string `json:"component"`
	// The resource, such as "file /etc/systemd/system/etcd.service".
	Resource string `json:"resource"`
	// What is to happen: create, change or remove.
	Action string `json:"action"`
	// Whether a running service is started anew.
	Restart bool `json:"restart,omitempty"`
	// The line diff of the two states; secrets are in it as digests only.
	Diff string `json:"diff,omitempty"`
}

// NewPlan tells what a run would do.
func NewPlan(run *provision.Run) Plan {
	out := Plan{Hosts: []PlannedHost{}, Warnings: run.Warnings, Changes: []Change{}}
	for _, h := range run.Plan.Hosts() {
		host := PlannedHost{Name: h.Name, Address: h.Address.String()}
		if m := run.Fleet[h.Name]; m != nil {
			host.MachineID, host.ProductUUID = m.Facts.MachineID, m.Facts.ProductUUID
		}
		out.Hosts = append(out.Hosts, host)
	}
	for _, refused := range run.Refusals {
		out.Refused = append(out.Refused, single(refused))
	}
	for _, f := range run.LeftOut() {
		out.Unreached = append(out.Unreached, single(f))
	}
	for _, s := range run.Plan.Steps {
		for _, c := range s.Changes() {
			out.Changes = append(out.Changes, newChange(s, c))
		}
	}
	return out
}

func newChange(s provision.Step, c provision.Change) Change {
	return Change{
		Host: s.Target.Host.Name, Component: s.Component.Name, Resource: c.Wanted.ID(), Action: Action(c),
		Restart: Restart(c), Diff: resource.Diff(c.Found, c.Wanted),
	}
}

// Action is what a change does to its resource.
func Action(c provision.Change) string {
	switch {
	case c.Found.State() == "":
		return ActionCreate
	case c.Wanted.State() == "":
		return ActionRemove
	}
	return ActionChange
}

// Restart reports whether a change starts a running service anew.
func Restart(c provision.Change) bool {
	found, ok := c.Found.(resource.Service)
	wanted, is := c.Wanted.(resource.Service)
	return ok && is && found.Running && wanted.Running && (found.Config != wanted.Config || found.Older)
}
