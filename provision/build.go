package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
)

// FetchArtifacts fetches what hosts like this machine need. Contents for other architectures are
// fetched when a host is found to have one.
func FetchArtifacts(ctx context.Context, r *Run) error { return fetchFor(ctx, r, "") }

// fetchFor fetches what a verb alone needs; "" stands for what clusters are made of.
func fetchFor(ctx context.Context, r *Run, verb string) error {
	return fetchOf(ctx, r, verb, runtime.GOARCH)
}

// fetchOf fetches what a verb needs for hosts of an architecture.
func fetchOf(ctx context.Context, r *Run, verb, arch string) error {
	r.releases = releases{cluster: r.Cluster, options: r.options, verb: verb, sets: map[string]*release.Set{}}
	if b := r.options.Bundle; b != nil && !b.HasArch(arch) {
		return nil // no host need be like this machine
	}
	_, err := r.releases.of(ctx, arch)
	return err
}

// BuildPlan says what every host should have, of what the run is limited to.
func BuildPlan(ctx context.Context, r *Run) error {
	targets, err := targetsOf(ctx, r)
	if err != nil {
		return err
	}
	r.whole = plan.Build(component.Components(), targets)
	r.Plan, r.settles = limited(r.whole, r.Scope, r.namesAll), true
	return nil
}

// limited returns the plan within the scope. What names all hosts is changed on all.
func limited(p plan.Plan, s Scope, namesAll []string) plan.Plan {
	if len(s.Hosts) > 0 {
		p = p.Only(namesAll, s.Hosts...)
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
	facts, first := factsOf(r.Fleet), firstProvider(r)
	var joins []string
	if !etcdNew {
		joins = component.Joining(r.Cluster, facts)
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
		if set, err = withOwnProgram(r, set, m.Facts.Arch); err != nil {
			return nil, err
		}
		stage := component.StageOf(r.Cluster, facts, h.Name, first, isWhole(r, inventory.ControlPlane))
		targets = append(targets, component.Target{
			Cluster: r.Cluster, Host: h, Facts: m.Facts, Release: set, PKI: r.PKI, EtcdNew: etcdNew, Upstream: upstream,
			Joins: joins, Lead: r.lead, Away: slices.Sorted(maps.Keys(r.Unreached)), Encryption: stage,
			AllMembers: isWhole(r, inventory.Etcd), AllHosts: isWhole(r, component.AnyHost),
		})
	}
	if len(targets) == 0 {
		return nil, errors.New("the inventory has no hosts")
	}
	return targets, nil
}

// factsOf are the facts of the hosts that have a session.
func factsOf(f fleet.Fleet) map[string]host.Facts {
	facts := map[string]host.Facts{}
	for name, m := range f {
		facts[name] = m.Facts
	}
	return facts
}

// firstProvider is what new secrets are to be encrypted with.
func firstProvider(r *Run) host.Provider {
	return component.Target{Cluster: r.Cluster, PKI: r.PKI}.FirstProvider()
}

// isWhole reports whether the run is about all components of all hosts of a role, and has reached
// them.
func isWhole(r *Run, role inventory.Role) bool {
	return len(r.Scope.Components) == 0 && !slices.ContainsFunc(r.Cluster.Hosts, func(h inventory.Host) bool {
		isLeftOut := r.Fleet[h.Name] == nil || len(r.Scope.Hosts) > 0 && !slices.Contains(r.Scope.Hosts, h.Name)
		return isLeftOut && (role == component.AnyHost || h.Has(role))
	})
}

// releases are the contents for each architecture among the hosts, fetched when first asked for.
type releases struct {
	cluster *inventory.Cluster
	options fleet.Options
	verb    string // whose artifacts these are; "" for what clusters are made of
	sets    map[string]*release.Set
	// warnings are what is odd about the artifacts, each once.
	warnings []string
}

func (a *releases) of(ctx context.Context, arch string) (*release.Set, error) {
	if set := a.sets[arch]; set != nil {
		return set, nil
	}
	told := map[string]bool{}
	meter := release.NewMeter(time.Now)
	progress := func(e release.Event) {
		if !told[e.Name] { // there is an event for each megabyte
			told[e.Name] = true
			a.options.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "fetch " + e.Name})
		}
		if meter.Add(e) {
			a.options.Tell(fleet.Event{
				Kind: fleet.EventFetch, Count: meter.Percent(), Bytes: e.All.Done, Text: meter.String(),
			})
		}
	}
	o := release.Options{Sources: component.Sources(), Verbs: []string{a.verb}, Progress: progress, Warn: a.warn,
		Bundle: a.options.Bundle}
	set, err := release.Resolve(ctx, a.cluster, arch, o)
	var unknown *release.UnpinnedError
	if errors.As(err, &unknown) && a.options.Record != nil {
		if err := a.record(ctx, arch, unknown, o); err != nil {
			return nil, err
		}
		set, err = release.Resolve(ctx, a.cluster, arch, o)
	}
	if err != nil {
		return nil, err
	}
	a.sets[arch] = set
	return set, nil
}

// warn keeps what is odd until the run tells it.
func (a *releases) warn(text string) {
	if !slices.Contains(a.warnings, text) {
		a.warnings = append(a.warnings, text)
	}
}

// record writes the sums of artifacts that are not known into the lock, if it may.
func (a *releases) record(ctx context.Context, arch string, unknown *release.UnpinnedError, o release.Options) error {
	may, err := a.options.Record(ctx, unknown)
	if err != nil {
		return err
	}
	if !may {
		return unknown
	}
	path := release.LockPath(a.cluster)
	lock, err := release.RecordUnknown(ctx, a.cluster, []string{arch}, path, o)
	if err != nil {
		return err
	}
	if err := lock.Write(path); err != nil {
		return err
	}
	a.options.Tell(fleet.Event{Kind: fleet.EventPhase,
		Text: fmt.Sprintf("recorded the sums of %d artifacts in %s", len(unknown.URLs), path)})
	return nil
}
