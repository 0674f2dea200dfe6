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

// Plan is the result of a plan.
type Plan struct {
	// What differs, in the order in which it would be made; empty when nothing does.
	Changes []Change `json:"changes"`
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

// NewPlan tells the differences of a plan.
func NewPlan(p provision.Plan) Plan {
	out := Plan{Changes: []Change{}}
	for _, s := range p.Steps {
		for _, c := range s.Changes() {
			out.Changes = append(out.Changes, Change{
				Host: s.Target.Host.Name, Component: s.Component.Name, Resource: c.Wanted.ID(), Action: Action(c),
				Restart: Restart(c), Diff: resource.Diff(c.Found, c.Wanted),
			})
		}
	}
	return out
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
