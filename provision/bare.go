package provision

import (
	"context"

	"kbootstrap/fault"
	"kbootstrap/provision/guard"
)

// NeedCluster refuses a run that changes a cluster, where none was made yet.
func NeedCluster(_ context.Context, r *Run) error {
	if refused := guard.Unmade(situation(r)); refused != nil {
		return refused
	}
	return nil
}

// NeedRemains refuses a run that mends a cluster, where no host has anything of one. A cluster that
// has lost every member of etcd is one.
func NeedRemains(_ context.Context, r *Run) error {
	if s := situation(r); s.IsBare() {
		return guard.Unmade(s)
	}
	return nil
}

// NeedTrace ends a run that only looks, where no host has anything of a cluster: all that it would
// tell is that each part of one is missing.
func NeedTrace(_ context.Context, r *Run) error {
	if situation(r).IsBare() {
		return fault.NoCluster.Errorf("there is no cluster %s yet: its hosts have nothing of one", r.Cluster.Name)
	}
	return nil
}
