package provision

import (
	"fmt"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
)

// letPassOn has hosts pass contents on, unless the inventory says otherwise or the run itself
// closes their ports.
func (r *Run) letPassOn(feed *fleet.Feed) {
	if !r.Cluster.Artifacts.PassOn || r.Cluster.Firewall == inventory.FirewallConfigure {
		return
	}
	keys, err := node.NewRunKeys()
	if err != nil {
		r.options.Tell(fleet.Event{
			Kind: fleet.EventWarning, Text: fmt.Sprintf("hosts pass no contents on: %v", err),
		})
		return
	}
	feed.PassOn(keys)
}
