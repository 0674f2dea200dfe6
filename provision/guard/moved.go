package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// keepAddress is the way out of a changed address. The host may have the new one as well.
const keepAddress = "write that address again, and give it back to the host if it has lost it (the new one may stay " +
	"as a second); a control plane or etcd member gets another address only with a new cluster: `kbootstrap reset`, " +
	"then `kbootstrap up`"

// movedHosts finds control planes and etcd members that the running cluster knows at another
// address than the inventory. All hosts look for them there, so it counts also for a run that is
// limited to others. Where etcd's own list tells of a member, that counts alone: see members. A
// worker may move; what is about it follows.
func movedHosts(s Situation) Refusals {
	if !s.IsLive() {
		return nil
	}
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		if !h.Has(inventory.ControlPlane) && !h.Has(inventory.Etcd) || s.isListed(h) {
			continue
		}
		address, where := s.addressOf(h)
		if address == "" || address == h.Address.String() {
			continue
		}
		code := fault.AddressMoved
		if h.Has(inventory.Etcd) {
			code = fault.MemberMoved
		}
		rs = append(rs, &RefusedError{
			Code: code, Host: h.Name,
			Text: fmt.Sprintf("the address of this host is %s in the inventory, but %s in the running cluster (%s)",
				h.Address, address, where),
			Advice: keepAddress,
		})
	}
	return rs
}

// isListed reports whether etcd's list of members tells of a host.
func (s Situation) isListed(h inventory.Host) bool {
	return h.Has(inventory.Etcd) &&
		slices.ContainsFunc(s.Census.Members, func(m api.EtcdMember) bool { return m.Name == h.Name })
}

// addressOf is where the others look for a host, and who says so: its own units, or else its node,
// or else an API server that looks for the members of etcd. It is empty when none of them tells.
func (s Situation) addressOf(h inventory.Host) (address, where string) {
	for _, bound := range s.Evidence[h.Name].Addresses {
		if bound.Unit != component.Etcd || h.Has(inventory.Etcd) {
			return bound.Address, bound.Unit + ".service on the host has it"
		}
	}
	for _, n := range s.Census.Nodes {
		if n.Name == h.Name && n.Address != "" {
			return n.Address, "its node has it"
		}
	}
	// No API server looks yet for a host that is about to join.
	if !h.Has(inventory.Etcd) || s.Census.Members != nil ||
		slices.Contains(component.Joining(s.Cluster, s.Facts), h.Name) {
		return "", ""
	}
	for _, other := range s.Cluster.With(inventory.ControlPlane) {
		known := s.Evidence[other.Name].Members
		if other.Name != h.Name && known != nil && !slices.Contains(known, h.Address.String()) {
			return "one of " + strings.Join(known, ", "), "kube-apiserver.service on " + other.Name + " has these"
		}
	}
	return "", ""
}
