package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
)

// Leave are the hosts that a run removes from a cluster that stays.
type Leave struct {
	Hosts []string
	Dead  bool          // they do not answer, and are removed without being asked
	Drain time.Duration // how long pods may take to leave
}

// Has reports whether a host is among them.
func (l Leave) Has(name string) bool { return slices.Contains(l.Hosts, name) }

// ConcernLeavers has the run remove hosts. It is about all others too, which may look for the API
// there; hosts that are dead are not waited for.
func ConcernLeavers(leave Leave) Stage {
	return func(_ context.Context, r *Run) error {
		r.Leaving = leave
		return nil
	}
}

// ProveDead refuses to remove a host as dead that answers: it would go on serving, with all its
// keys, a cluster that has forgotten it.
func ProveDead(ctx context.Context, r *Run) error {
	if !r.Leaving.Dead {
		return nil
	}
	hosts := slices.DeleteFunc(slices.Clone(r.Cluster.Hosts), func(h inventory.Host) bool {
		return !r.Leaving.Has(h.Name)
	})
	answering, _ := r.dial(ctx, hosts, r.options, false) // who does not answer is as the user says
	defer answering.Close()
	var names []string
	for _, h := range hosts {
		if answering[h.Name] != nil {
			names = append(names, h.Name)
		}
	}
	if names == nil {
		return nil
	}
	return guard.Refusals{{
		Code: fault.RefusedRemoval, Text: strings.Join(names, ", ") + " answers, and --dead is for hosts that do not",
		Advice: "leave out --dead: the host is emptied and reset then",
	}}
}

// remaining is the cluster without the hosts that leave.
func (r *Run) remaining() *inventory.Cluster {
	c := *r.Cluster
	c.Hosts = slices.DeleteFunc(slices.Clone(c.Hosts), func(h inventory.Host) bool { return r.Leaving.Has(h.Name) })
	return &c
}

// BuildRemoval plans how the hosts leave: see component.Removal.
func BuildRemoval(_ context.Context, r *Run) error {
	staying := r.remaining()
	switch {
	case len(staying.With(inventory.ControlPlane)) == 0:
		return guard.Refusals{{
			Code: fault.RefusedRemoval, Text: "no control plane would be left in the inventory",
			Advice: "add another control plane first; `kbootstrap reset` takes the whole cluster away",
		}}
	case r.lead == "":
		return guard.Refusals{{
			Code: fault.RefusedRemoval, Text: "no control plane that stays can be reached",
			Cause:  r.LeftOut().ErrOrNil(),
			Advice: "bring a control plane back that is not to be removed",
		}}
	case r.PKI == nil:
		return noKeysHere(r)
	}
	var targets []component.Target
	for _, h := range r.Cluster.Hosts {
		m, leaves := r.Fleet[h.Name], r.Leaving.Has(h.Name)
		if m == nil && (!leaves || !r.Leaving.Dead) {
			continue
		}
		t := component.Target{
			Cluster: staying, Host: h, PKI: r.PKI, Lead: r.lead, Leavers: r.Leaving.Hosts,
			Leaving: leaves, Dead: leaves && r.Leaving.Dead,
		}
		if m != nil {
			t.Facts = m.Facts
		}
		if leaves {
			t.Cluster, t.Left = r.Cluster, r.left[h.Name]
		}
		targets = append(targets, t)
	}
	r.Plan = plan.Build(component.Removal(r.Leaving.Drain), targets)
	r.Plan.Steps = slices.DeleteFunc(r.Plan.Steps, func(s plan.Step) bool {
		return s.Target.Dead && s.At == s.About() || !s.Target.Leaving && !r.losesPlane()
	})
	return nil
}

// losesPlane reports whether a control plane leaves, for which others look.
func (r *Run) losesPlane() bool {
	return slices.ContainsFunc(r.Cluster.With(inventory.ControlPlane), func(h inventory.Host) bool {
		return r.Leaving.Has(h.Name)
	})
}

// ObserveRemoval looks at the plan's resources, and asks who belongs to the cluster and how its
// members of etcd are.
func ObserveRemoval(ctx context.Context, r *Run) error {
	queries := map[string]node.Query{}
	askCensus(r, queries)
	answers, err := r.Fleet.Observe(ctx, r.Cluster.Hosts, &r.Plan, queries)
	r.census, r.vitals = censusOf(r.Cluster.Hosts, answers), vitalsIn(answers)
	return r.leaveOut(err)
}

// JudgeRemoval finds what the removal would harm.
func JudgeRemoval(_ context.Context, r *Run) error {
	s := situation(r)
	s.Leavers, s.Dead = r.Leaving.Hosts, r.Leaving.Dead
	r.Refusals = append(r.Refusals, guard.Removal(s)...)
	return nil
}

// RemovalFigures says in words what the removal does to the quorum of etcd and to the API.
func (r *Run) RemovalFigures() string {
	figures := ""
	for _, role := range []inventory.Role{inventory.ControlPlane, inventory.Etcd} {
		before, after := len(r.Cluster.With(role)), len(r.remaining().With(role))
		if before == after {
			continue
		}
		figures += fmt.Sprintf("%s: %d now, %d afterwards", role, before, after)
		if role == inventory.Etcd {
			figures += fmt.Sprintf("; the quorum is %d now, and %d afterwards", guard.Majority(before),
				guard.Majority(after))
		}
		figures += "\n"
	}
	return figures
}
