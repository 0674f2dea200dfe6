package provision

import (
	"context"
	"errors"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// BuildPlan says what every host should have, of what the run is limited to.
func BuildPlan(ctx context.Context, r *Run) error {
	targets, err := targetsOf(ctx, r)
	if err != nil {
		return err
	}
	r.whole = plan.Build(component.Components(), targets)
	r.Plan = limited(r.whole, r.Scope)
	return nil
}

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

// targetsOf completes what the resources of each connected host depend on.
func targetsOf(ctx context.Context, r *Run) ([]component.Target, error) {
	etcdNew, upstream := true, false
	for _, h := range r.Cluster.With(inventory.Etcd) {
		etcdNew = etcdNew && r.Fleet[h.Name] != nil // who was not asked may know of a cluster
	}
	for _, m := range r.Fleet {
		etcdNew = etcdNew && m.Facts.EtcdBootstrapped == ""
		upstream = upstream || m.Facts.Resolv != ""
	}
	var targets []component.Target
	for _, h := range r.Cluster.Hosts {
		m := r.Fleet[h.Name]
		if m == nil {
			continue
		}
		set, err := r.releases.of(ctx, m.Facts.Arch)
		if err != nil {
			return nil, err
		}
		targets = append(targets, component.Target{
			Cluster: r.Cluster, Host: h, Facts: m.Facts, Release: set, PKI: r.PKI, EtcdNew: etcdNew, Upstream: upstream,
			Lead: r.lead,
		})
	}
	if len(targets) == 0 {
		return nil, errors.New("the inventory has no hosts")
	}
	return targets, nil
}
