package provision

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// loadPKI loads the certificates of the cluster, and issues what is missing or unfit, when the state directory has any.
// Without any it is for newPKI to say what happens, when the hosts have been asked.
func (r *Run) loadPKI() error {
	used, err := r.store.Used()
	if err != nil || !used {
		return err
	}
	return r.issue()
}

// newPKI makes the certificates of a new cluster. Where the hosts tell of a cluster already, its authorities were made
// before and are lost: others would lock out every host, every pod and every administrator.
func (r *Run) newPKI() error {
	if r.PKI != nil {
		return nil
	}
	if refusals := r.foreign(); refusals != nil && !r.Scope.Sick {
		return refusals // before there is a state directory of that name
	}
	if !r.bootstrapped() {
		return r.issue()
	}
	refused := &RefusedError{
		Code: fault.StateLost,
		Text: fmt.Sprintf("the hosts hold the cluster %s, but its keys and certificates are not in %s",
			r.Cluster.Name, filepath.Join(r.Cluster.StateDir(), "pki")),
		Advice: "restore that directory from a backup, or run where it is; `kbootstrap reset` removes the cluster, and then `up` makes a new one",
	}
	if !r.Scope.Sick {
		return Refusals{refused}
	}
	// Who only looks sees health; that nothing has the new certificates is no news.
	r.Refusals = Refusals{refused}
	var err error
	r.PKI, err = r.store.Preview(r.Cluster, time.Now())
	return err
}

// issue issues what is missing or unfit, into the state directory if this run is to keep it.
func (r *Run) issue() (err error) {
	if !r.Scope.Change && !r.Scope.Keep {
		r.PKI, err = r.store.Preview(r.Cluster, time.Now())
		return err
	}
	store, err := certs.Open(filepath.Join(r.Cluster.StateDir(), "pki"))
	if err != nil {
		return err
	}
	r.PKI, err = store.Issue(r.Cluster, time.Now())
	return err
}

// bootstrapped reports whether an etcd member of this cluster has had a quorum.
func (r *Run) bootstrapped() bool {
	return slices.ContainsFunc(r.Cluster.Hosts, func(h inventory.Host) bool {
		m := r.Fleet[h.Name]
		return m != nil && m.Facts.EtcdBootstrapped == etcdToken(r.Cluster)
	})
}

// Lost returns the refusal of a run whose state directory is lost, or nil.
func (r *Run) Lost() error {
	for _, refused := range r.Refusals {
		if refused.Code == fault.StateLost {
			return Refusals{refused}
		}
	}
	return nil
}
