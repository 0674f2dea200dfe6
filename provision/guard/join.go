package guard

import (
	"fmt"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// MayJoin returns an error unless all the hosts may be added to a running cluster: workers may. A
// control plane or an etcd member changes a quorum, which takes more than the start of a few units.
func MayJoin(c *inventory.Cluster, names []string) error {
	for _, name := range names {
		h, ok := c.Host(name)
		if !ok {
			continue // the caller says that the inventory has no such host
		}
		for _, role := range []inventory.Role{inventory.ControlPlane, inventory.Etcd} {
			if h.Has(role) {
				return &RefusedError{
					Code: fault.RefusedJoin,
					Text: fmt.Sprintf("%s:%d: %s has the role %s, which add-node cannot give to a host of a "+
						"running cluster yet", c.File, h.Line, name, role),
					Advice: "give the host the role worker only; control planes are made by the first `kbootstrap up`",
				}
			}
		}
	}
	return nil
}
