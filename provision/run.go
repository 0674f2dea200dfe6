// Package provision carries out what the verbs of the command line ask for. Start at Prepare.
package provision

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/release"
)

// Run is a cluster's plan together with the live sessions to its hosts.
type Run struct {
	Cluster *inventory.Cluster
	Scope   Scope
	Plan    plan.Plan
	Fleet   fleet.Fleet
	PKI     *certs.PKI
	// Unreached are the hosts that could not be asked, with the reason. They are not in the plan.
	Unreached map[string]error
	// Refusals are what keeps the plan from being carried out. A Scope with Change has none: it ends with them.
	Refusals guard.Refusals
	// Warnings are what is odd and keeps nothing from being carried out.
	Warnings []string
	// Findings are what the checks before the first change found, when the Scope asked for them.
	Findings []preflight.Finding
	seen     map[string]seen
	store    *certs.Store
	lead     string // the control plane that carries out what is done once per cluster
	options  fleet.Options
	lock     *fleet.StateLock
}

// Prepare does all that comes before the first change: it fetches the artifacts, issues the certificates, connects to
// the hosts, gathers their facts, builds the plan and looks at what is there. The caller closes the Run. An error from
// the hosts is a Failures; what would harm a cluster that is there is a Refusals; a check of the hosts that failed is a
// *preflight.Error.
func Prepare(ctx context.Context, c *inventory.Cluster, scope Scope, o fleet.Options) (*Run, error) {
	r := &Run{Cluster: c, Scope: scope, Unreached: map[string]error{}, options: o}
	ok := false
	defer func() {
		if !ok {
			r.Close()
		}
	}()

	var err error
	if r.store, err = certs.At(filepath.Join(c.StateDir(), "pki")); err != nil {
		return nil, err
	}
	if scope.Change {
		if r.lock, err = fleet.LockState(ctx, c, o); err != nil {
			return nil, err
		}
	}
	sets := artifacts{cluster: c, options: o, sets: map[string]*release.Set{}}
	if _, err := sets.of(ctx, runtime.GOARCH); err != nil {
		return nil, err
	}
	if err := r.loadPKI(); err != nil {
		return nil, err
	}

	hosts, err := r.reach(func(hosts []inventory.Host) (fleet.Fleet, error) { return fleet.Connect(ctx, hosts, o, scope.Change) })
	if err := r.leaveOut(hosts, err); err != nil {
		return nil, err
	}
	if err := r.founded(); err != nil {
		return nil, err
	}
	if err := r.newPKI(); err != nil {
		return nil, err
	}
	targets, err := r.targets(ctx, &sets)
	if err != nil {
		return nil, err
	}
	whole := plan.Build(component.Components(), targets)
	r.Plan = limited(whole, scope)
	standing, err := r.observe(ctx, whole, hosts)
	if err != nil {
		return nil, err
	}
	if err := r.stillFounded(); err != nil {
		return nil, err
	}
	r.Plan.Spare = max(0, scope.Spare.Of(len(hosts))-len(r.Unreached))
	r.judge(standing)
	if scope.Change && len(r.Refusals) > 0 {
		return nil, r.Refusals
	}
	if scope.Change {
		for _, w := range r.Warnings {
			o.Tell(fleet.Event{Kind: fleet.EventWarning, Text: w})
		}
	}
	if scope.Approved != nil {
		if err := scope.Approved(r); err != nil {
			return nil, err
		}
	}
	if err := r.preflight(ctx); err != nil {
		return nil, err
	}
	if err := r.keepPKI(); err != nil {
		return nil, err
	}
	ok = true
	return r, nil
}

// observe looks at the plan, at what stands on the hosts, and at what the checks of the hosts want to see: one request to
// each host.
func (r *Run) observe(ctx context.Context, whole plan.Plan, hosts []inventory.Host) (standing, error) {
	queries := map[string]node.Query{}
	r.askWitnesses(queries, whole)
	census := r.live()
	if census {
		r.askCensus(queries)
	}
	r.askSurvey(queries)
	answers, err := r.Fleet.Observe(ctx, r.Cluster.Hosts, &r.Plan, queries)
	s := heardFrom(queries, answers)
	if census {
		s.census = r.censusOf(answers)
	}
	var errSeen error
	r.seen, errSeen = r.inspected(answers)
	if err := r.leaveOut(hosts, err); err != nil {
		return s, err
	}
	return s, r.leaveOut(hosts, errSeen)
}

// Close ends the sessions and frees the locks.
func (r *Run) Close() {
	r.Fleet.Close()
	if r.lock != nil {
		r.lock.Release()
	}
}

// targets completes what the resources of each connected host depend on.
func (r *Run) targets(ctx context.Context, sets *artifacts) ([]component.Target, error) {
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
		set, err := sets.of(ctx, m.Facts.Arch)
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

// artifacts are the contents for each architecture among the hosts, fetched when first asked for.
type artifacts struct {
	cluster *inventory.Cluster
	options fleet.Options
	sets    map[string]*release.Set
}

func (a *artifacts) of(ctx context.Context, arch string) (*release.Set, error) {
	if set := a.sets[arch]; set != nil {
		return set, nil
	}
	told := map[string]bool{}
	set, err := release.Resolve(ctx, a.cluster, arch, release.Options{Progress: func(e release.Event) {
		if !told[e.Name] { // there is an event for each megabyte
			told[e.Name] = true
			a.options.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "fetch " + e.Name})
		}
	}})
	if err != nil {
		return nil, err
	}
	a.sets[arch] = set
	return set, nil
}
