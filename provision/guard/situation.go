// Package guard finds what a run would destroy of the cluster that is there: a Situation in,
// Refusals out. It asks no host; the rules are pure, one file a subject. Start at Judge.
package guard

import (
	"slices"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource/api"
)

// Situation is what is known of a cluster before anything is changed.
type Situation struct {
	Cluster *inventory.Cluster
	Facts   map[string]host.Facts // of the hosts that a session was opened to
	// Unreached are the hosts that could not be asked, or not of everything, with the reason.
	Unreached plan.Failures
	// Limit are the hosts that the run is limited to; without any it is about all.
	Limit []string
	// Only are the components that the run is limited to; without any it is about all.
	Only     []string
	Evidence map[string]Evidence // by host; a host that did not answer has none
	Claims   map[string]Claim    // by host, in a reset
	Census   api.Census
	Etcd     map[string]api.EtcdVitals // by host, of members that have had a quorum
	Issued   []string                  // the hosts that certificates were ever issued for
	Restarts []string                  // the hosts on which the plan restarts a member of etcd that runs
	KeysLost bool                      // the keys of the cluster are not in the state directory
	// EncryptionKeys are those for secrets that the state directory has.
	EncryptionKeys []certs.EncryptionKey
	// Leavers are the hosts that the run removes, and Dead says that they do not answer.
	Leavers []string
	Dead    bool
	// Upgrade is what is known for an upgrade; nil in a run that is none.
	Upgrade *Upgrade
	// AddOns are what the run would do to what users have, and Dropping the add-ons, by their
	// fields, that it may turn off although users have data in them.
	AddOns   []AddOnChange
	Dropping []string
	// Adopts says that the run may take over objects of users that others have made.
	Adopts bool
}

// Judge returns what is refused of the run, all of it at once, and what is only odd. Nothing that
// is refused is ever carried out.
func Judge(s Situation) (refused Refusals, warnings []string) {
	for _, r := range slices.Concat(
		SameMachine(s), Foreign(s), unfinishedRestore(s), replacedKeys(s), lostEncryptionKeys(s), otherAuthority(s),
		changedNetworks(s), changedVersions(s),
		halfChanged(s), movedRoles(s), movedRegistry(s), otherMachines(s), goneHosts(s), members(s), joining(s),
		movedHosts(s), quorum(s), upgraded(s), addOns(s), lostNFSClass(s),
	) {
		if s.isElsewhere(r) {
			warnings = append(warnings, r.Error())
		} else {
			refused = append(refused, r)
		}
	}
	return refused, append(warnings, newMachines(s)...)
}

// IsLive reports whether a host that was asked tells of a cluster: an etcd member that has had a
// quorum or, where not every etcd host was asked, an API server.
func (s Situation) IsLive() bool {
	allAsked := true
	for _, h := range s.Cluster.With(inventory.Etcd) {
		allAsked = allAsked && s.isAsked(h.Name)
	}
	for name, facts := range s.Facts {
		h, _ := s.Cluster.Host(name)
		served := h.Has(inventory.ControlPlane) && slices.Contains(facts.Units, "kube-apiserver.service")
		if facts.EtcdBootstrapped != "" || served && !allAsked {
			return true
		}
	}
	return false
}

// isAbout reports whether the run is about a component on a host.
func (s Situation) isAbout(name string, on inventory.Host) bool {
	return (len(s.Limit) == 0 || slices.Contains(s.Limit, on.Name)) &&
		(len(s.Only) == 0 || slices.Contains(s.Only, name))
}

// isAsked reports whether a session to the host was opened.
func (s Situation) isAsked(host string) bool {
	_, ok := s.Facts[host]
	return ok
}

// isUnreached reports whether the host could not be asked, or not of everything.
func (s Situation) isUnreached(host string) bool { return slices.Contains(s.Unreached.Hosts(), host) }

// isOurs reports whether an etcd member has the mark of this cluster.
func (s Situation) isOurs(facts host.Facts) bool {
	return facts.EtcdBootstrapped == component.EtcdToken(s.Cluster)
}
