package provision

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
)

// dialer opens sessions to hosts, and returns those that it reached: see fleet.Connect.
type dialer func(ctx context.Context, hosts []inventory.Host, o fleet.Options, lock bool) (fleet.Fleet, error)

// TolerateAll has the run go on with whatever answers, as long as one host does.
func TolerateAll(_ context.Context, r *Run) error {
	r.Scope.Tolerance = Tolerance{Percent: 100}
	return nil
}

// LockState takes the lock of the state directory: two runs on one machine must not issue
// certificates at once.
func LockState(ctx context.Context, r *Run) (err error) {
	r.lock, err = fleet.LockState(ctx, r.Cluster, r.options)
	return err
}

// ConcernAll has a run that is limited to some hosts be about all others too where these have
// something that names all hosts: a new host is let in by none of them before.
func ConcernAll(_ context.Context, r *Run) error {
	r.namesAll = component.NamingAll(r.Cluster)
	return nil
}

// Connect opens a session to each host that the run is about, and gathers its facts.
func Connect(ctx context.Context, r *Run) error { return connect(ctx, r, false) }

// ConnectLocked is Connect, and takes the lock of each host: until the run ends no other run
// changes it.
func ConnectLocked(ctx context.Context, r *Run) error { return connect(ctx, r, true) }

func connect(ctx context.Context, r *Run, lock bool) error {
	err := r.reach(func(hosts []inventory.Host) (fleet.Fleet, error) { return r.dial(ctx, hosts, r.options, lock) })
	if twice := r.reachedTwice(ctx, err); twice != nil {
		return twice
	}
	if err := r.leaveOut(err); err != nil {
		return err
	}
	r.chooseLead()
	return nil
}

// chooseLead has the first control plane that answers lead; one that has an API server comes before
// one that is yet to get it, wherever in the inventory that was added.
func (r *Run) chooseLead() {
	first := ""
	for _, h := range r.Cluster.With(inventory.ControlPlane) {
		m := r.Fleet[h.Name]
		if m == nil || r.Leaving.Has(h.Name) {
			continue
		}
		if slices.Contains(m.Facts.Units, "kube-apiserver.service") {
			r.lead = h.Name
			return
		}
		first = cmp.Or(first, h.Name)
	}
	if first != "" {
		r.lead = first
	}
}

// reachedTwice refuses a run of which two entries lead to one machine: the second session finds it
// locked by the first. That machine is asked again without a lock, who it is.
func (r *Run) reachedTwice(ctx context.Context, err error) error {
	var failures plan.Failures
	if !errors.As(err, &failures) {
		return nil
	}
	var locked []inventory.Host
	for _, f := range failures {
		if h, ok := r.Cluster.Host(f.Host); ok && errors.As(f.Err, new(*node.LockedError)) {
			locked = append(locked, h)
		}
	}
	if locked == nil {
		return nil
	}
	others, _ := r.dial(ctx, locked, r.options, false) // what does not answer now is told by its first failure
	defer others.Close()
	s := situation(r)
	for name, m := range others {
		s.Facts[name] = m.Facts
	}
	if refused := guard.SameMachine(s); refused != nil {
		return refused
	}
	return nil
}

// KeepLead ends a run that has lost the control plane which leads it: the plan lacks what is done
// once per cluster then. The next run has another lead.
func KeepLead(_ context.Context, r *Run) error {
	if r.Unreached[r.lead] != nil {
		return r.LeftOut()
	}
	return nil
}

// reach connects to the hosts that the run is about. A run that is limited to some hosts needs one
// control plane as well as them, whichever answers: that the first is down is no reason not to add
// a worker.
func (r *Run) reach(dial func([]inventory.Host) (fleet.Fleet, error)) error {
	r.hosts = r.Cluster.Hosts
	if len(r.Scope.Hosts) > 0 && len(r.namesAll) == 0 {
		r.hosts = concerned(r.Cluster, r.Scope.Hosts)
	}
	if r.Leaving.Dead {
		r.hosts = slices.DeleteFunc(slices.Clone(r.hosts), func(h inventory.Host) bool { return r.Leaving.Has(h.Name) })
	}
	var err error
	r.Fleet, err = dial(r.hosts)
	planes := r.Cluster.With(inventory.ControlPlane)
	first := planes[0].Name
	var failures plan.Failures
	needed := len(r.Scope.Hosts) == 0 || len(r.namesAll) > 0 || slices.Contains(r.Scope.Hosts, first)
	if needed || r.Fleet[first] != nil || !isAboutHosts(err, &failures) {
		return err
	}
	for _, other := range planes[1:] {
		if r.Fleet[other.Name] == nil && slices.ContainsFunc(r.hosts, named(other.Name)) {
			continue // it does not answer either
		}
		if r.Fleet[other.Name] == nil {
			more, failed := dial([]inventory.Host{other})
			maps.Copy(r.Fleet, more)
			if failed != nil && !isAboutHosts(failed, new(plan.Failures)) {
				return failed
			}
			if failed != nil {
				continue
			}
		}
		for _, f := range failures {
			if f.Host == first {
				r.Warnings = append(r.Warnings, f.Error()+"; "+other.Name+" is asked in its place")
			}
		}
		failures = slices.DeleteFunc(failures, func(f plan.Failure) bool { return f.Host == first })
		r.hosts = concerned(r.Cluster, append([]string{other.Name}, r.Scope.Hosts...), first)
		return failures.ErrOrNil()
	}
	return err
}

// concerned returns the named hosts and the first control plane, where the API is asked, without
// some.
func concerned(c *inventory.Cluster, names []string, without ...string) []inventory.Host {
	wanted := map[string]bool{c.With(inventory.ControlPlane)[0].Name: true}
	for _, name := range names {
		wanted[name] = true
	}
	for _, name := range without {
		delete(wanted, name)
	}
	var hosts []inventory.Host
	for _, h := range c.Hosts {
		if wanted[h.Name] {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// leaveOut takes the hosts that failed out of the run, if it may go on without them; else it
// returns the failures.
func (r *Run) leaveOut(err error) error {
	if err == nil {
		return nil
	}
	var failures plan.Failures
	if !isAboutHosts(err, &failures) {
		return err
	}
	for _, f := range failures {
		if r.Unreached[f.Host] == nil {
			r.Unreached[f.Host] = f
		}
	}
	if n := len(r.Unreached); n == len(r.hosts) || n > r.Scope.Tolerance.Of(len(r.hosts)) {
		return r.LeftOut()
	}
	r.Plan = r.Plan.Without(r.LeftOut().Hosts()...)
	return nil
}

// isAboutHosts reports whether an error is about the health of hosts, and finds their failures.
// That another run is at work there, or that this one is to stop, is not.
func isAboutHosts(err error, failures *plan.Failures) bool {
	var locked *node.LockedError
	return errors.As(err, failures) && !errors.As(err, &locked) && !errors.Is(err, context.Canceled)
}

// named finds a host by its name.
func named(name string) func(inventory.Host) bool {
	return func(h inventory.Host) bool { return h.Name == name }
}
