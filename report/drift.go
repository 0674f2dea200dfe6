package report

import (
	"slices"

	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// Drift is the result of a drift: which hosts differ from the inventory.
type Drift struct {
	// Whether any host differs, or the cluster as a whole does.
	Differs bool `json:"differs"`
	// The hosts, in the order of the inventory.
	Hosts []HostDrift `json:"hosts"`
	// Differences that "up" refuses to carry out because that would harm the existing cluster.
	// Absent if there are none.
	Refused []Error `json:"refused,omitempty"`
	// What is unusual but not a difference.
	Warnings []string `json:"warnings,omitempty"`
}

// HostDrift is how one host differs.
type HostDrift struct {
	// The host's name in the inventory.
	Name string `json:"name"`
	// The address by which the other hosts reach it.
	Address string `json:"address"`
	// Why the host could not be compared; absent if it was.
	Error *Error `json:"error,omitempty"`
	// What differs, and what "up" would do about it; empty if nothing differs. A service whose
	// process was started with another configuration is included.
	Changes []Change `json:"changes"`
	// What others set that is not in the plan, and that changes what the services of the host do.
	// "up" does not take it away. Absent if there is nothing.
	Foreign []Error `json:"foreign,omitempty"`
}

// NewDrift compares the hosts of a run with what the inventory says. It does not compare whether
// services answer.
func NewDrift(run *provision.Run) Drift {
	whole := NewPlan(run)
	out := Drift{
		Hosts: []HostDrift{}, Refused: whole.Refused, Warnings: whole.Warnings, Differs: len(whole.Refused) > 0,
	}
	planned := run.Plan.Hosts()
	for _, h := range run.Cluster.Hosts {
		host := HostDrift{Name: h.Name, Address: h.Address.String(), Changes: []Change{}}
		if i := slices.IndexFunc(whole.Unreached, func(e Error) bool { return e.Host == h.Name }); i >= 0 {
			host.Error = &whole.Unreached[i]
		} else if !slices.ContainsFunc(planned, func(p inventory.Host) bool { return p.Name == h.Name }) {
			continue // this host is outside of the limits
		}
		each(run.Plan, func(s plan.Step, c plan.Change) {
			if s.About() == h.Name && resource.Changed(c.Found, c.Wanted) {
				host.Changes = append(host.Changes, newChange(s, c))
			}
		})
		for _, f := range whole.Foreign {
			if f.Host == h.Name {
				host.Foreign = append(host.Foreign, f)
			}
		}
		out.Differs = out.Differs || len(host.Changes)+len(host.Foreign) > 0
		out.Hosts = append(out.Hosts, host)
	}
	return out
}
