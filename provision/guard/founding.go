package guard

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Founding refuses a run that has no control plane, and a run without a cluster that lacks hosts
// which take part in founding one.
func Founding(s Situation) Refusals {
	planes := s.Cluster.With(inventory.ControlPlane)
	if !slices.ContainsFunc(planes, s.answers) {
		return Refusals{{
			Code: fault.NoControlPlane, Text: "no control plane can be reached, but this run needs the API",
			Cause: s.Unreached,
			Advice: "repair the connection to a control plane; --max-failures is only for hosts that the others can " +
				"do without",
		}}
	}
	if s.IsLive() {
		return nil
	}
	var missing []string
	for _, h := range s.Cluster.Hosts {
		if (h.Has(inventory.Etcd) || h.Name == planes[0].Name) && !s.answers(h) {
			missing = append(missing, h.Name)
		}
	}
	if missing == nil {
		return nil
	}
	refused := &RefusedError{
		Code: fault.NotFounded,
		Text: fmt.Sprintf("there is no cluster yet, and this run lacks hosts that are needed to found one: %s",
			strings.Join(missing, ", ")),
		Advice: "every etcd host and the first control plane take part in founding a cluster: run `kbootstrap up` " +
			"without --limit, with these hosts reachable",
	}
	if slices.ContainsFunc(missing, s.isUnreached) {
		refused.Cause = s.Unreached
	}
	return Refusals{refused}
}

// answers reports whether the host was asked and has answered everything so far.
func (s Situation) answers(h inventory.Host) bool { return s.isAsked(h.Name) && !s.isUnreached(h.Name) }

// StateLost refuses new authorities where the hosts tell of a cluster already: its authorities were
// made before and are lost, and others would lock out every host, every pod and every
// administrator. It is for a run without any keys.
func StateLost(s Situation) Refusals {
	bootstrapped := false // an etcd member of this cluster has had a quorum
	for _, facts := range s.Facts {
		bootstrapped = bootstrapped || s.isOurs(facts)
	}
	if !bootstrapped {
		return nil
	}
	return Refusals{{
		Code: fault.StateLost,
		Text: fmt.Sprintf("the hosts hold the cluster %s, but its keys and certificates are not in %s",
			s.Cluster.Name, filepath.Join(s.Cluster.StateDir(), "pki")),
		Advice: "run the command where the directory is, or `kbootstrap adopt` the cluster, with a backup; " +
			"`kbootstrap reset` removes the cluster, and then `up` makes a new one",
	}}
}
