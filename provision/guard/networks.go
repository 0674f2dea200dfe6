package guard

import (
	"fmt"
	"net/netip"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// none is the value of a network that a cluster does not have.
const none = "none"

// fixed are the settings that a running cluster cannot change: what was given out by the old ones
// would not fit.
var fixed = []struct {
	field   string
	running func(Evidence) string
	wanted  func(inventory.Network) string
	why     string
}{
	{
		"network.services", func(e Evidence) string { return ofFamily(e.Services, netip.Addr.Is4) },
		func(n inventory.Network) string { return n.Services.String() }, "Services keep the addresses that they have",
	},
	{
		"network.pods", func(e Evidence) string { return ofFamily(e.Pods, netip.Addr.Is4) },
		func(n inventory.Network) string { return n.Pods.String() }, "nodes keep the subnets that they have",
	},
	{
		"network.ipv6.services", func(e Evidence) string { return ofFamily(e.Services, netip.Addr.Is6) },
		func(n inventory.Network) string { return orNone(n.IPv6.Services) },
		"Services keep the addresses that they have",
	},
	{
		"network.ipv6.pods", func(e Evidence) string { return ofFamily(e.Pods, netip.Addr.Is6) },
		func(n inventory.Network) string { return orNone(n.IPv6.Pods) },
		"Kubernetes gives a node its subnets once, of both families or of one",
	},
	{
		"network.domain", func(e Evidence) string { return e.Domain },
		func(n inventory.Network) string { return n.Domain }, "pods keep the names that they were started with",
	},
}

// ofFamily is the network of a family among those that a program was started with: none where there
// are others only, and "" where nothing is known.
func ofFamily(networks string, is func(netip.Addr) bool) string {
	for text := range strings.SplitSeq(networks, ",") {
		if p, err := netip.ParsePrefix(text); err == nil && is(p.Addr()) {
			return text
		}
	}
	if networks == "" {
		return ""
	}
	return none
}

func orNone(p netip.Prefix) string {
	if !p.IsValid() {
		return none
	}
	return p.String()
}

// again is what to write in the inventory to have what the cluster has.
func again(field, before string) string {
	if before == none {
		return "leave " + field + " out again"
	}
	return "write " + before + " again"
}

// changedNetworks finds networks and domains that differ from those of the running cluster.
func changedNetworks(s Situation) Refusals {
	if !s.IsLive() {
		return nil
	}
	var rs Refusals
	for _, f := range fixed {
		for _, h := range s.Cluster.With(inventory.ControlPlane) {
			before, after := f.running(s.Evidence[h.Name]), f.wanted(s.Cluster.Network)
			if before == "" || before == after {
				continue
			}
			rs = append(rs, &RefusedError{
				Code: fault.NetworkChanged,
				Text: fmt.Sprintf("%s is %s in the running cluster (on %s), but %s in the inventory",
					f.field, before, h.Name, after),
				Advice: fmt.Sprintf("%s: %s cannot be changed while the cluster exists, because %s; "+
					"another value takes a new cluster (`kbootstrap reset`, then `kbootstrap up`)",
					again(f.field, before), f.field, f.why),
			})
			break // the others say the same
		}
	}
	return rs
}
