package checkup

import (
	"fmt"
	"slices"

	"kbootstrap/inventory"
)

// policies warns of each policy of the network that has no effect: whoever made it believes that
// pods are closed which are open. Where policies are enforced, the hosts tell by their components
// whether that works.
func policies(s Scene) (string, []Problem) {
	told, ok := s.api()
	if !ok || s.Cluster.Network.Policy != inventory.PolicyNone {
		return "", nil
	}
	var found []Problem
	for _, name := range slices.Sorted(slices.Values(told.Policies)) {
		found = append(found, Problem{
			Level: Warning, Text: "the NetworkPolicy " + name + " is not enforced",
			Hint: "set network.policy to " + inventory.PolicyKubeRouter + ", then `kbootstrap up`",
		})
	}
	return fmt.Sprintf("%d of NetworkPolicy, none enforced: network.policy is %s",
		len(told.Policies), inventory.PolicyNone), found
}
