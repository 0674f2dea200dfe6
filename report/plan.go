package report

import (
	"slices"
	"strings"

	"kbootstrap/provision"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/resource"
)

// What would happen to a resource.
const (
	ActionCreate = "create" // the resource does not exist
	ActionChange = "change" // the resource exists and differs
	ActionRemove = "remove" // the resource exists and should not
)

// Plan is the result of a plan, and part of a plan that was saved.
type Plan struct {
	// The hosts that were looked at, in the order of the inventory.
	Hosts []PlannedHost `json:"hosts"`
	// Why "up" refuses to carry the plan out: it would harm the existing cluster. Absent if nothing
	// is refused.
	Refused []Error `json:"refused,omitempty"`
	// What others set that is not in the plan, and that changes what the services of the cluster
	// do: "up" ends with it before it changes anything, unless the check is ignored. Absent if
	// there is nothing.
	Foreign []Error `json:"foreign,omitempty"`
	// What is unusual but does not keep "up" from carrying the plan out.
	Warnings []string `json:"warnings,omitempty"`
	// Why hosts could not be looked at. They are not in the plan.
	Unreached []Error `json:"unreached,omitempty"`
	// What differs, in the order in which "up" would make it; empty if nothing does.
	Changes []Change `json:"changes"`
}

// PlannedHost is a host that a plan is about.
type PlannedHost struct {
	// The host's name in the inventory.
	Name string `json:"name"`
	// The address by which the other hosts reach it.
	Address string `json:"address"`
	// Its /etc/machine-id, which no other machine has.
	MachineID string `json:"machineId,omitempty"`
	// The UUID of its firmware, if the firmware has one.
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
	// What would happen: create, change or remove.
	Action string `json:"action"`
	// Whether a running service is restarted.
	Restart bool `json:"restart,omitempty"`
	// The line diff of the two states; secrets are in it as digests only.
	Diff string `json:"diff,omitempty"`
}

// NewPlan is the plan of a run.
func NewPlan(run *provision.Run) Plan {
	out := Plan{Hosts: []PlannedHost{}, Warnings: slices.Clone(run.Warnings), Changes: []Change{}}
	for _, h := range run.Plan.Hosts() {
		host := PlannedHost{Name: h.Name, Address: h.Address.String()}
		if m := run.Fleet[h.Name]; m != nil {
			host.MachineID, host.ProductUUID = m.Facts.MachineID, m.Facts.ProductUUID
		}
		out.Hosts = append(out.Hosts, host)
	}
	for _, f := range run.Foreign {
		if f.Level == preflight.Fail {
			out.Foreign = append(out.Foreign, foreign(f))
		} else {
			out.Warnings = append(out.Warnings, f.Text())
		}
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

// foreign is a finding about one host as an error.
func foreign(f preflight.Finding) Error {
	return Error{
		Code: string(f.Code), Message: f.Text(), Hint: f.Hint, Host: strings.Join(f.Hosts, ", "),
		Component: "preflight",
	}
}

func newChange(s plan.Step, c plan.Change) Change {
	return Change{
		Host: s.About(), Component: s.Component.Name, Resource: c.Wanted.ID(), Action: Action(c),
		Restart: Restart(c), Diff: resource.Diff(c.Found, c.Wanted),
	}
}

// Action is what a change does to its resource.
func Action(c plan.Change) string {
	switch {
	case c.Found.State() == "":
		return ActionCreate
	case c.Wanted.State() == "":
		return ActionRemove
	}
	return ActionChange
}

// Restart reports whether a change restarts a running service.
func Restart(c plan.Change) bool {
	found, ok := c.Found.(resource.Service)
	wanted, is := c.Wanted.(resource.Service)
	return ok && is && found.Running && wanted.Running &&
		(found.Config != wanted.Config || found.Older || found.Stray != "")
}
