package provision

import (
	"context"
	"slices"

	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
)

// MayReset refuses to reset a part of the cluster that the rest cannot do without.
func MayReset(_ context.Context, r *Run) error {
	if len(r.Scope.Hosts) == 0 {
		return nil
	}
	return guard.MayReset(r.Cluster, r.Scope.Hosts)
}

// BuildTeardown plans to make the hosts that the run is limited to what they were before the tool
// came, or all. Some hosts leave a cluster that stays, which takes a control plane that answers. A
// host that cannot be reached stays what it is, and a node.
func BuildTeardown(_ context.Context, r *Run) error {
	whole := len(r.Scope.Hosts) == 0
	if !whole && r.lead == "" {
		return r.LeftOut()
	}
	var targets []component.Target
	for _, h := range r.Cluster.Hosts {
		if m := r.Fleet[h.Name]; m != nil && (whole || slices.Contains(r.Scope.Hosts, h.Name)) {
			targets = append(targets, component.Target{Cluster: r.Cluster, Host: h, Facts: m.Facts, Lead: r.lead})
		}
	}
	r.Plan = plan.Build(component.Teardown(whole), targets)
	return nil
}

// ObservePlan looks at the plan's resources on the hosts, and at nothing else.
func ObservePlan(ctx context.Context, r *Run) error {
	_, err := r.Fleet.Observe(ctx, r.Cluster.Hosts, &r.Plan, nil)
	return r.leaveOut(err)
}

// JudgeReset finds hosts of another cluster of ours, which the inventory says nothing about.
func JudgeReset(_ context.Context, r *Run) error {
	r.Refusals = append(r.Refusals, guard.Foreign(situation(r))...)
	return nil
}
