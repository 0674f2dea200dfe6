package provision

import (
	"net/netip"
	"slices"

	"kbootstrap/inventory"
	"kbootstrap/provision/preflight"
	"kbootstrap/resource/api"
)

// peersOf are the hosts of the cluster that a run has no session to, as the nodes of the API and
// the neighbours of the hosts that were asked tell of them. So a run that is limited to some hosts
// compares them with all others without asking those.
func peersOf(c *inventory.Cluster, nodes []api.RegisteredNode, asked []preflight.Host) []preflight.Peer {
	var peers []preflight.Peer
	isAsked := func(name string) bool {
		return slices.ContainsFunc(asked, func(h preflight.Host) bool { return h.Name == name })
	}
	for _, n := range nodes {
		if isAsked(n.Name) {
			continue
		}
		h, _ := c.Host(n.Name)
		h.Name = n.Name
		if address, err := netip.ParseAddr(n.Address); err == nil {
			h.Address = address // where it is, whatever the inventory says
		}
		peers = append(peers, preflight.Peer{
			Host: h, MachineID: n.MachineID, ProductUUID: n.SystemUUID, MAC: macOf(h.Address, asked), Serves: n.Ready,
		})
	}
	for _, h := range c.Hosts {
		isNode := slices.ContainsFunc(nodes, func(n api.RegisteredNode) bool { return n.Name == h.Name })
		if !isNode && !isAsked(h.Name) {
			peers = append(peers, preflight.Peer{Host: h})
		}
	}
	return peers
}

// macOf is the MAC address that hosts see at an address; empty when none does.
func macOf(address netip.Addr, hosts []preflight.Host) string {
	for _, h := range hosts {
		for _, n := range h.Survey.Neighbours {
			if n.Address == address {
				return n.MAC
			}
		}
	}
	return ""
}
