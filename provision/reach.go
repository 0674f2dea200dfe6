package provision

import (
	"context"
	"errors"
	"maps"
	"slices"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
)

// reach connects to the hosts that the run is about, and returns these. A run that is limited to some hosts needs one
// control plane beside them, whichever answers: that the first is down is no reason not to add a worker.
func (r *Run) reach(connect func([]inventory.Host) (fleet.Fleet, error)) ([]inventory.Host, error) {
	hosts := r.Cluster.Hosts
	if len(r.Scope.Hosts) > 0 {
		hosts = concerned(r.Cluster, r.Scope.Hosts)
	}
	var err error
	r.Fleet, err = connect(hosts)
	planes := r.Cluster.With(inventory.ControlPlane)
	first := planes[0].Name
	var failures plan.Failures
	if len(r.Scope.Hosts) == 0 || r.Fleet[first] != nil || slices.Contains(r.Scope.Hosts, first) || !sickness(err, &failures) {
		return hosts, err
	}
	for _, other := range planes[1:] {
		if r.Fleet[other.Name] == nil && slices.ContainsFunc(hosts, named(other.Name)) {
			continue // it does not answer either
		}
		if r.Fleet[other.Name] == nil {
			more, failed := connect([]inventory.Host{other})
			maps.Copy(r.Fleet, more)
			if failed != nil && !sickness(failed, new(plan.Failures)) {
				return hosts, failed
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
		return concerned(r.Cluster, append([]string{other.Name}, r.Scope.Hosts...), first), failures.ErrOrNil()
	}
	return hosts, err
}

// sickness reports whether an error is about the health of hosts, and finds their failures. That another run is at work
// there, or that this one is to stop, is not.
func sickness(err error, failures *plan.Failures) bool {
	var locked *node.LockedError
	return errors.As(err, failures) && !errors.As(err, &locked) && !errors.Is(err, context.Canceled)
}

// named finds a host by its name.
func named(name string) func(inventory.Host) bool {
	return func(h inventory.Host) bool { return h.Name == name }
}
