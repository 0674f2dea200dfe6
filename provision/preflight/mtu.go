package preflight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/inventory"
)

// bottleneck is what the paths to one host have in common on which packets of the same size are the
// largest that arrive.
type bottleneck struct {
	to            string
	sent, arrived int
	told          bool // the senders' kernels know it
	from          []string
}

// mtu judges what the paths between hosts carry. Where a sender knows that a path carries less than
// its interface, by a router that says so or by its routes, its own packets fit, and those of pods
// have to. Where no one tells it, full packets disappear, and connections of the hosts hang too.
func mtu(s Scene) []Finding {
	var (
		found  []Finding
		ways   []bottleneck
		narrow = map[string]bool{}
		least  = 0
	)
	for _, p := range s.Mesh {
		if p.Network != "udp" || p.Fault != "" || p.Arrived >= p.Sent {
			continue
		}
		narrow[p.From] = true
		if least == 0 || p.Arrived < least {
			least = p.Arrived
		}
		ways = addNarrow(ways, p)
	}
	for _, w := range ways {
		found = append(found, w.judge(s, least))
	}
	for _, h := range s.Hosts {
		largest := 0
		for _, p := range s.Mesh {
			if p.From == h.Name && p.Network == "udp" && p.Fault == "" {
				largest = max(largest, p.Arrived)
			}
		}
		if !narrow[h.Name] && largest > 0 {
			found = append(found, Finding{Level: OK, Hosts: []string{h.Name},
				Evidence: fmt.Sprintf("packets of %d bytes arrive; pods have %d", largest,
					cmp.Or(s.Cluster.Network.Flannel.MTU, largest)-tunnelHeaders(s.Cluster))})
		}
	}
	return found
}

// addNarrow adds a path to those like it.
func addNarrow(ways []bottleneck, p Path) []bottleneck {
	told := p.Known > 0 && p.Known < p.Lost
	i := slices.IndexFunc(ways, func(w bottleneck) bool {
		return w.to == p.To && w.sent == p.Sent && w.arrived == p.Arrived && w.told == told
	})
	if i < 0 {
		i, ways = len(ways), append(ways, bottleneck{to: p.To, sent: p.Sent, arrived: p.Arrived, told: told})
	}
	ways[i].from = append(ways[i].from, p.From)
	return ways
}

// judge says what such paths do to the cluster; least is what the narrowest path of all carries.
func (w bottleneck) judge(s Scene, least int) Finding {
	f := Finding{Hosts: append(slices.Clone(w.from), w.to), Evidence: fmt.Sprintf(
		"%s -> %s: packets of %d bytes arrive, of %d bytes do not",
		strings.Join(w.from, ", "), w.to, w.arrived, w.sent)}
	flannel := s.Cluster.Network.Flannel.MTU
	switch {
	case !w.told:
		f.Level = Fail
		f.Evidence += ", and the sender is not told"
		f.Hint = fmt.Sprintf("set the MTU of the hosts' interfaces to %d (ip link set DEVICE mtu %d, and in the "+
			"network's configuration), or raise that of the network between them; flannel follows the interfaces",
			least, least)
	case flannel == 0:
		f.Level = Warn
		f.Evidence += "; the sender knows it, and flannel does not"
		f.Hint = fmt.Sprintf("set network.flannel.mtu to %d in the inventory", least)
	case flannel > w.arrived:
		f.Level = Warn
		f.Evidence += fmt.Sprintf(", and network.flannel.mtu is %d", flannel)
		f.Hint = fmt.Sprintf("set network.flannel.mtu to %d in the inventory", least)
	default:
		f.Level = OK
		f.Evidence += fmt.Sprintf("; the sender knows it, and so does flannel (network.flannel.mtu: %d)", flannel)
	}
	return f
}

// tunnelHeaders are the bytes of each packet between pods of two hosts that flannel takes for
// itself: the overhead in pkg/backend/vxlan and pkg/backend/wireguard, and
// the longer addresses of IPv6.
func tunnelHeaders(c *inventory.Cluster) int {
	switch {
	case c.Network.Flannel.Backend == inventory.WireGuard:
		return 80
	case c.Network.IPv6.Pods.IsValid():
		return 70
	}
	return 50
}
