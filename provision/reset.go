package provision

import (
	"context"
	"slices"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// MayReset refuses to reset a part of the cluster that the rest cannot do without.
func MayReset(_ context.Context, r *Run) error {
	if len(r.Scope.Hosts) == 0 {
		return nil
	}
	return guard.MayReset(r.Cluster, r.Scope.Hosts)
}

// FindOurs looks for what the tool has left on each host, and for what tells which cluster the host
// belongs to.
func FindOurs(ctx context.Context, r *Run) error {
	store, err := certs.At(pkiDir(r.Cluster))
	if err != nil {
		return err
	}
	wanted, err := store.Public()
	if err != nil {
		return err
	}
	query := node.Query{
		Witnesses: append(component.Footprint(), guard.Authorities()...),
		Survey:    &host.SurveyQuery{Kubeconfig: component.KubeletConfig},
	}
	queries := map[string]node.Query{}
	for name := range r.Fleet {
		queries[name] = query
	}
	answers, failed := r.Fleet.Look(ctx, r.Cluster.Hosts, queries)
	for _, h := range r.Cluster.Hosts {
		if err := answers[h.Name].WitnessesErr; err != nil {
			failed = append(failed, plan.Failure{Host: h.Name, Component: "observe", Err: err})
		}
	}
	r.left, r.claims = map[string][]string{}, map[string]guard.Claim{}
	for name, a := range answers {
		if a.WitnessesErr != nil {
			continue
		}
		footprint := len(component.Footprint())
		r.left[name] = component.LeftOn(a.Witnesses[:footprint])
		r.claims[name] = guard.ClaimOf(
			r.left[name] != nil, a.Survey.Context, a.Survey.User, a.Witnesses[footprint:], wanted)
	}
	return r.leaveOut(failed.Sorted(r.Cluster.Hosts).ErrOrNil())
}

// JudgeReset finds hosts of other clusters, which the inventory says nothing about.
func JudgeReset(_ context.Context, r *Run) error {
	refused, proof := guard.Claimed(situation(r))
	r.Refusals, r.Proof = append(r.Refusals, refused...), proof
	return nil
}

// BuildTeardown plans to make the hosts that the run is limited to what they were before the tool
// came, or all. Some hosts leave a cluster that stays, which takes a control plane that answers. A
// host that cannot be reached stays what it is, and a node.
func BuildTeardown(deleteData bool) Stage {
	return func(_ context.Context, r *Run) error {
		whole := len(r.Scope.Hosts) == 0
		if !whole && r.lead == "" {
			return r.LeftOut()
		}
		var targets []component.Target
		for _, h := range r.Cluster.Hosts {
			if m := r.Fleet[h.Name]; m != nil && r.Unreached[h.Name] == nil && r.isAbout(h) {
				targets = append(targets, component.Target{
					Cluster: r.Cluster, Host: h, Facts: m.Facts, Lead: r.lead,
					Left: r.left[h.Name], DeleteData: deleteData,
				})
			}
		}
		r.Plan = plan.Build(component.Teardown(whole), targets)
		return nil
	}
}

// isAbout reports whether the run is limited to some hosts and this is one of them, or to none.
func (r *Run) isAbout(h inventory.Host) bool {
	return len(r.Scope.Hosts) == 0 || slices.Contains(r.Scope.Hosts, h.Name)
}

// ObservePlan looks at the plan's resources on the hosts, and at nothing else.
func ObservePlan(ctx context.Context, r *Run) error {
	_, err := r.Fleet.Observe(ctx, r.Cluster.Hosts, &r.Plan, nil)
	return r.leaveOut(err)
}

// LeftAlone returns the hosts that a reset is about and that the tool never changed, in the order
// of the inventory.
func (r *Run) LeftAlone() []string {
	var names []string
	for _, h := range r.Cluster.Hosts {
		if left, asked := r.left[h.Name]; asked && left == nil && r.isAbout(h) {
			names = append(names, h.Name)
		}
	}
	return names
}

// RemovesNothing reports whether a reset has nothing to do but to take the tool's own program off
// the hosts again.
func (r *Run) RemovesNothing() bool {
	return !slices.ContainsFunc(r.Plan.Steps, func(s plan.Step) bool {
		return s.Target.Left != nil || slices.ContainsFunc(s.Changes(), func(c plan.Change) bool {
			_, own := c.Wanted.(resource.Tree)
			return !own
		})
	})
}
