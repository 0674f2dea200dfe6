package provision

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/release"
)

// Run is a cluster's plan together with the live sessions to its hosts.
type Run struct {
	Cluster *inventory.Cluster
	Plan    Plan
	Fleet   Fleet
	PKI     *certs.PKI
	// Unreached are the hosts that could not be asked, with the reason; only a Scope with Sick goes on without them.
	Unreached map[string]error
	options   Options
	lock      *flock.Flock
}

// Scope says which hosts a run is about, and what it may do.
type Scope struct {
	// Hosts limits the plan to these; empty means all of the inventory.
	Hosts []string
	// Change takes the locks that a run which changes hosts needs.
	Change bool
	// Sick goes on without the hosts that cannot be reached.
	Sick bool
}

// Prepare does all that comes before the first change: it fetches the artifacts, issues the certificates, connects to
// the hosts, gathers their facts, builds the plan and looks at what is there. The caller closes the Run. An error from
// the hosts is a Failures.
func Prepare(ctx context.Context, c *inventory.Cluster, scope Scope, o Options) (*Run, error) {
	r := &Run{Cluster: c, options: o}
	ok := false
	defer func() {
		if !ok {
			r.Close()
		}
	}()

	store, err := certs.Open(filepath.Join(c.StateDir(), "pki"))
	if err != nil {
		return nil, err
	}
	if scope.Change {
		if err := r.lockState(ctx); err != nil {
			return nil, err
		}
	}
	sets := artifacts{cluster: c, options: o, sets: map[string]*release.Set{}}
	if _, err := sets.of(ctx, runtime.GOARCH); err != nil {
		return nil, err
	}
	if r.PKI, err = store.Issue(c, time.Now()); err != nil {
		return nil, err
	}

	hosts := c.Hosts
	if len(scope.Hosts) > 0 {
		hosts = concerned(c, scope.Hosts)
	}
	r.Fleet, err = connect(ctx, hosts, o, scope.Change)
	var failures Failures
	switch {
	case scope.Sick && errors.As(err, &failures) && len(r.Fleet) > 0:
		r.Unreached = map[string]error{}
		for _, f := range failures {
			r.Unreached[f.Host] = f
		}
	case err != nil:
		return nil, err
	}
	targets, err := r.targets(ctx, &sets)
	if err != nil {
		return nil, err
	}
	r.Plan = Build(targets)
	if len(scope.Hosts) > 0 {
		r.Plan = r.Plan.Only(scope.Hosts...)
	}
	if err := r.Plan.observe(ctx, r.Fleet); err != nil {
		return nil, err
	}
	ok = true
	return r, nil
}

// Close ends the sessions and frees the locks.
func (r *Run) Close() {
	r.Fleet.Close()
	if r.lock != nil {
		_ = r.lock.Unlock()
	}
}

// lockState takes the lock of the state directory, so that two runs on this machine do not issue or change at once.
func (r *Run) lockState(ctx context.Context) error {
	r.lock = flock.New(filepath.Join(r.Cluster.StateDir(), "lock"))
	locked, err := r.lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the state directory: %w", err)
	}
	if !locked {
		return fmt.Errorf("%s: %w", r.lock.Path(), &node.LockedError{})
	}
	return ctx.Err()
}

// concerned returns the named hosts and the first control plane, where the API is asked.
func concerned(c *inventory.Cluster, names []string) []inventory.Host {
	wanted := map[string]bool{c.With(inventory.ControlPlane)[0].Name: true}
	for _, name := range names {
		wanted[name] = true
	}
	var hosts []inventory.Host
	for _, h := range c.Hosts {
		if wanted[h.Name] {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// targets completes what the resources of each connected host depend on.
func (r *Run) targets(ctx context.Context, sets *artifacts) ([]Target, error) {
	etcdNew, upstream := true, false
	for _, h := range r.Cluster.With(inventory.Etcd) {
		etcdNew = etcdNew && r.Fleet[h.Name] != nil // who was not asked may know of a cluster
	}
	for _, m := range r.Fleet {
		etcdNew = etcdNew && m.Facts.EtcdBootstrapped == ""
		upstream = upstream || m.Facts.Resolv != ""
	}
	var targets []Target
	for _, h := range r.Cluster.Hosts {
		m := r.Fleet[h.Name]
		if m == nil {
			continue
		}
		set, err := sets.of(ctx, m.Facts.Arch)
		if err != nil {
			return nil, err
		}
		targets = append(targets, Target{
			Cluster: r.Cluster, Host: h, Facts: m.Facts, Release: set, PKI: r.PKI, EtcdNew: etcdNew, Upstream: upstream,
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
	options Options
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
			a.options.report(Event{Kind: EventPhase, Text: "fetch " + e.Name})
		}
	}})
	if err != nil {
		return nil, err
	}
	a.sets[arch] = set
	return set, nil
}
