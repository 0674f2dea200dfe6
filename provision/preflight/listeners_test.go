package preflight

import (
	"slices"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// TestInventoriesKnowEveryListener expects of each port that something of ours always listens on
// that no inventory can give it to something else.
func TestInventoriesKnowEveryListener(t *testing.T) {
	c := good(t).Cluster
	chosen := []int{c.Network.APIPort, c.Network.LocalAPIPort, c.Network.Flannel.Port}
	every := inventory.Host{Roles: []inventory.Role{inventory.Etcd, inventory.ControlPlane, inventory.Worker}}
	for _, l := range component.Listeners(c, every) {
		known := slices.ContainsFunc(component.Rules().Ports, func(p inventory.Port) bool {
			return p.Network == l.Network && p.Number == l.Number
		})
		if known == slices.Contains(chosen, l.Number) {
			t.Errorf("%s/%d of %s: fixed ports are among the rules, chosen ones are not", l.Network, l.Number, l.By)
		}
	}
}
