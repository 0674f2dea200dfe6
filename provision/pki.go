package provision

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
)

// loadPKI loads the certificates of the cluster, and issues in memory what is missing or unfit, when the state directory has
// any. Without any it is for newPKI to say what happens, when the hosts have been asked.
func (r *Run) loadPKI() error {
	used, err := r.store.Used()
	if err != nil || !used {
		return err
	}
	r.PKI, err = r.store.Preview(r.Cluster, time.Now())
	return err
}

// newPKI makes the certificates of a new cluster. Where the hosts tell of a cluster already, its authorities were made
// before and are lost: others would lock out every host, every pod and every administrator.
func (r *Run) newPKI() (err error) {
	if r.PKI != nil {
		return nil
	}
	if refusals := r.foreign(); refusals != nil && !r.Scope.Sick {
		return refusals
	}
	if !r.bootstrapped() {
		r.PKI, err = r.store.Preview(r.Cluster, time.Now())
		return err
	}
	refused := &guard.RefusedError{
		Code: fault.StateLost,
		Text: fmt.Sprintf("the hosts hold the cluster %s, but its keys and certificates are not in %s",
			r.Cluster.Name, filepath.Join(r.Cluster.StateDir(), "pki")),
		Advice: "restore that directory from a backup, or run where it is; `kbootstrap reset` removes the cluster, and then `up` makes a new one",
	}
	if !r.Scope.Sick {
		return guard.Refusals{refused}
	}
	// Who only looks sees health; that nothing has the new certificates is no news.
	r.Refusals = guard.Refusals{refused}
	r.PKI, err = r.store.Preview(r.Cluster, time.Now())
	return err
}

// keepPKI writes what was issued into the state directory, if this run is to. It comes when nothing is refused any more: a
// run that changes no host changes no key either.
func (r *Run) keepPKI() error {
	if !r.Scope.Change && !r.Scope.Keep || len(r.Refusals) > 0 {
		return nil
	}
	return r.store.Keep(r.PKI)
}

// bootstrapped reports whether an etcd member of this cluster has had a quorum.
func (r *Run) bootstrapped() bool {
	return slices.ContainsFunc(r.Cluster.Hosts, func(h inventory.Host) bool {
		m := r.Fleet[h.Name]
		return m != nil && m.Facts.EtcdBootstrapped == component.EtcdToken(r.Cluster)
	})
}

// Lost returns the refusal of a run whose state directory is lost, or nil.
func (r *Run) Lost() error {
	if !r.lost() {
		return nil
	}
	return r.Refusals
}

func (r *Run) lost() bool {
	return slices.ContainsFunc(r.Refusals, func(e *guard.RefusedError) bool { return e.Code == fault.StateLost })
}
