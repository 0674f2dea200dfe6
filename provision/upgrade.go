package provision

import (
	"context"
	"slices"
	"time"

	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/resource/api"
)

// Upgrading is how a run brings a cluster to the versions of the inventory.
type Upgrading struct {
	// Unavailable is how many nodes that are no control planes may be without pods at once.
	Unavailable int
	// Drain is how long the pods of a node may take to leave it.
	Drain time.Duration
	// AcceptDowntime says that the API, or all pods, may be away for a while where there is only
	// one host that has them.
	AcceptDowntime bool
}

// ConcernUpgrade has the run bring a cluster to other versions.
func ConcernUpgrade(u Upgrading) Stage {
	return func(_ context.Context, r *Run) error {
		r.upgrading = &u
		return nil
	}
}

// BuildUpgrade says what every host should have, in the order of an upgrade: see component.Upgrade.
func BuildUpgrade(ctx context.Context, r *Run) error {
	targets, err := targetsOf(ctx, r)
	if err != nil {
		return err
	}
	r.whole = plan.Build(component.Upgrade(r.upgrading.Drain, time.Now()), targets)
	r.whole.Waves = component.Waves(r.Cluster, r.lead, r.upgrading.Unavailable)
	r.Plan, r.settles = r.whole, true
	return nil
}

// SpareNodes takes out of the plan the drains of nodes on which nothing is restarted that pods
// cannot do without, and the snapshot of etcd where neither etcd nor an API server is restarted.
func SpareNodes(_ context.Context, r *Run) error {
	disturbed, stored := map[string]bool{}, false
	for _, s := range r.Plan.Steps {
		if s.Component.Disturbs && s.Restarts() {
			disturbed[s.About()] = true
		}
		isStore := s.Component.Name == component.Etcd || s.Component.Name == component.APIServer
		stored = stored || isStore && s.Restarts()
	}
	r.Plan.Steps = slices.DeleteFunc(slices.Clone(r.Plan.Steps), func(s plan.Step) bool {
		return s.Component.Name == component.Drained && !disturbed[s.About()] ||
			s.Component.Name == component.Snapshot && !stored
	})
	return nil
}

// OrderMembers has the member of etcd that leads changed last. So the lead moves once, and to a
// member that has the new version already: each move is a moment in which writes may fail.
func OrderMembers(_ context.Context, r *Run) error {
	for name, v := range r.vitals {
		if hasLeader(v) && v.Leader == v.Member {
			r.Plan = r.Plan.Last(component.Etcd, name)
		}
	}
	return nil
}

// viewsIn are what API servers tell of what an upgrade would meet, by their hosts.
func viewsIn(answers map[string]node.Answer) map[string]api.UpgradeView {
	views := map[string]api.UpgradeView{}
	for name, a := range answers {
		for _, told := range a.Census {
			if told.Upgrade != nil {
				views[name] = *told.Upgrade
			}
		}
	}
	return views
}

// upgradeOf is what the rules for an upgrade are given.
func upgradeOf(r *Run) *guard.Upgrade {
	u := &guard.Upgrade{AcceptDowntime: r.upgrading.AcceptDowntime, Views: r.views}
	for _, s := range r.Plan.Steps {
		switch {
		case s.Component.Name == component.Drained:
			u.Drains = append(u.Drains, s.About())
		case s.Component.Name == component.APIServer && s.Restarts():
			u.Servers = append(u.Servers, s.About())
		}
	}
	// What cannot be read there is told by those who need it.
	own, _ := ownCertificates(r.Cluster)
	for _, c := range own {
		u.Certificates = append(u.Certificates, guard.Certificate{Path: c.Path, Ends: c.NotAfter})
	}
	u.Now = time.Now()
	return u
}

// settling is how long a node may take to be ready after what it runs with was put back.
const settling = time.Minute

// giveBack has the nodes take pods again that a failed upgrade has begun to empty, as far as they
// are ready with what they have: what did not become healthy was put back on its host.
func (r *Run) giveBack(ctx context.Context, drained []string, do func(context.Context, plan.Step) error) {
	var back plan.Plan
	for _, s := range r.Plan.Steps {
		if s.Component.Name != component.TakesPods || !slices.Contains(drained, s.About()) {
			continue
		}
		s.Wanted = slices.Clone(s.Wanted)
		for i, w := range s.Wanted {
			if node, ok := w.(api.Schedulable); ok {
				node.Version, node.Timeout = "", settling
				s.Wanted[i] = node
			}
		}
		back.Steps = append(back.Steps, s)
	}
	_ = back.Walk(ctx, do) // what fails is told by its events, and the run has failed already
}
