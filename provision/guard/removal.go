package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Removal finds what keeps hosts from leaving a cluster that stays.
func Removal(s Situation) Refusals {
	var rs Refusals
	refuse := func(host, advice, format string, args ...any) {
		rs = append(rs, &RefusedError{
			Code: fault.RefusedRemoval, Host: host, Text: fmt.Sprintf(format, args...), Advice: advice,
		})
	}
	leaves := func(h inventory.Host) bool { return slices.Contains(s.Leavers, h.Name) }
	staying := func(role inventory.Role) []inventory.Host {
		return slices.DeleteFunc(s.Cluster.With(role), leaves)
	}
	before, after := len(s.Cluster.With(inventory.Etcd)), len(staying(inventory.Etcd))
	if len(staying(inventory.ControlPlane)) == 0 {
		refuse("", "keep one, or remove the whole cluster with `kbootstrap reset`",
			"all %d control planes would leave", len(s.Cluster.With(inventory.ControlPlane)))
	}
	switch {
	case after == 0:
		refuse("", "keep one, or remove the whole cluster with `kbootstrap reset`",
			"all %d members of etcd would leave, with all data of the cluster", before)
		return rs
	case after != before && after%2 == 0 && !s.Dead:
		refuse("", "remove one more or one less; a host that is lost is removed with --dead, and another one added "+
			"then",
			"%d of %d members of etcd would stay, whose quorum is %d: they survive no more losses than %d",
			after, before, Majority(after), after-1)
	}
	if after == before {
		return append(rs, s.removedServices()...)
	}
	for _, m := range s.Census.Members {
		isLeaver := func(h inventory.Host) bool { return leaves(h) && isAt(m, h) }
		if m.Learner && !slices.ContainsFunc(s.Cluster.Hosts, isLeaver) {
			refuse("", "wait until that member has been promoted, or finish its `kbootstrap add-node`",
				"etcd has a learner: %s at %s", nameOf(m), strings.Join(m.PeerURLs, ", "))
		}
	}
	var sick []string
	for _, h := range staying(inventory.Etcd) {
		if why := s.sickness(h); why != "" {
			sick = append(sick, h.Name+" ("+why+")")
		}
	}
	if well := after - len(sick); well < Majority(after) {
		refuse("", "bring these members back first", "%d of the %d members of etcd that stay are well, and their "+
			"quorum is %d: %s", well, after, Majority(after), strings.Join(sick, ", "))
	}
	return append(rs, s.removedServices()...)
}

// removedServices finds what the cluster has on a host that leaves and nowhere else.
func (s Situation) removedServices() Refusals {
	r := s.Cluster.AddOns.Registry
	if !r.Enabled || !slices.Contains(s.Leavers, r.Host) {
		return nil
	}
	return Refusals{{
		Code: fault.RefusedRemoval, Host: r.Host, Text: "this host has the registry of the cluster with all its images",
		Advice: "turn the registry off in the inventory, and run `kbootstrap up`, before you remove the host",
	}}
}
