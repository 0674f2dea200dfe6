package guard

import (
	"fmt"
	"slices"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// MayReset returns an error unless these hosts may be reset while the others go on: workers may. An
// etcd member or a control plane takes its part of a quorum with it, so such hosts are only reset
// together with the whole cluster.
func MayReset(c *inventory.Cluster, names []string) error {
	if IsWhole(c, names) {
		return nil
	}
	for _, name := range names {
		h, ok := c.Host(name)
		if ok && (h.Has(inventory.Etcd) || h.Has(inventory.ControlPlane)) {
			return &RefusedError{
				Code: fault.RefusedReset,
				Text: fmt.Sprintf("%s is a control plane or an etcd member: to reset this host alone would "+
					"take a member out of a running quorum", name),
				Advice: "remove this host from the cluster with `kbootstrap remove-node`, or reset the whole cluster " +
					"without --host",
			}
		}
	}
	return nil
}

// IsWhole reports whether every host of the cluster is named, however often.
func IsWhole(c *inventory.Cluster, names []string) bool {
	return !slices.ContainsFunc(c.Hosts, func(h inventory.Host) bool { return !slices.Contains(names, h.Name) })
}
