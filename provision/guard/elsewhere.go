package guard

import (
	"slices"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// isElsewhere reports whether a refusal is about a host that a limited run has nothing to do with:
// who adds a worker need not first see to another that is gone. Members of etcd have to do with
// each other. What the inventory says wrong of the cluster as a whole (an address, a network, a
// version) is refused whatever a run is limited to.
func (s Situation) isElsewhere(refused *RefusedError) bool {
	if len(s.Limit) == 0 || slices.Contains(s.Limit, refused.Host) {
		return false
	}
	switch refused.Code {
	case fault.HostGone:
		return true
	case fault.MemberGone, fault.MemberAdded, fault.MemberEmpty:
		return !slices.ContainsFunc(s.Limit, func(name string) bool {
			h, _ := s.Cluster.Host(name)
			return h.Has(inventory.Etcd)
		})
	}
	return false
}
