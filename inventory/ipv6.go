package inventory

import (
	"net/netip"

	"kbootstrap/fault"
)

// The bounds of the networks of IPv6, as lengths of their prefixes.
const (
	nodeBits6 = 64 // of the network that each node gets; the default of kube-controller-manager
	// kube-controller-manager gives out no more than 2^16 node networks.
	podBitsLeast6 = nodeBits6 - 16
	// kube-apiserver refuses service networks of more than 2^20 addresses.
	serviceBitsLeast6 = 108
	serviceBitsMost6  = 124 // the tenth address is the DNS's
)

// special6 are networks of IPv6 that mean something else than hosts somewhere.
var special6 = []struct {
	prefix netip.Prefix
	name   string
}{
	{netip.MustParsePrefix("::/96"), "reserved"}, // with the unspecified and the loopback address
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// checkIPv6 checks what an inventory says of the second family of addresses.
func checkIPv6(r *reader, c *Cluster) {
	hasNetworks := r.given("network.ipv6.pods") || r.given("network.ipv6.services")
	checkNetworks6(r, c, hasNetworks)
	first := map[netip.Addr]Host{}
	for i, h := range c.Hosts {
		at := index("hosts", i) + ".ipv6"
		switch {
		case !r.given(at) && hasNetworks:
			end := r.as(fault.InventoryAddress)
			r.problem(index("hosts", i), "write the address of IPv6 that is on the same interface as address",
				"host %q has no ipv6, and the cluster has network.ipv6", h.Name)
			end()
		case r.given(at) && !hasNetworks:
			r.problem(at, "add network.ipv6 with pods and services, or leave ipv6 out",
				"host %q has ipv6, and the cluster has no network.ipv6", h.Name)
		}
		if !h.IPv6.IsValid() {
			continue
		}
		for _, s := range special6 {
			if s.prefix.Contains(h.IPv6) {
				r.problem(at, "use the address by which the other hosts reach it",
					"%s cannot be the address of a host: it is %s", h.IPv6, s.name)
			}
		}
		for _, n := range networks6(c) {
			if n.prefix.Contains(h.IPv6) {
				r.problem(at, "", "%s is in %s, %s", h.IPv6, n.name, n.prefix)
			}
		}
		if before, ok := first[h.IPv6]; ok {
			r.problem(at, "each host needs its own address", "host %q on line %d has the same address, %s",
				before.Name, before.Line, h.IPv6)
			continue
		}
		first[h.IPv6] = h
	}
}

// networks6 returns the networks of IPv6 that could be read.
func networks6(c *Cluster) []network {
	var all []network
	for _, n := range []network{
		{"network.ipv6.pods", "network.ipv6.pods", c.Network.IPv6.Pods, ""},
		{"network.ipv6.services", "network.ipv6.services", c.Network.IPv6.Services, ""},
	} {
		if n.prefix.IsValid() {
			all = append(all, n)
		}
	}
	return all
}

func checkNetworks6(r *reader, c *Cluster, hasNetworks bool) {
	if !hasNetworks {
		return
	}
	for _, name := range []string{"pods", "services"} {
		if at := "network.ipv6." + name; !r.given(at) {
			r.problem(at, "a cluster of both families has both networks twice", "network.ipv6 has no %s", name)
		}
	}
	if c.Network.Flannel.Backend == WireGuard {
		r.problem("network.flannel.backend", "choose vxlan or host-gw, or leave network.ipv6 out",
			"wireguard carries IPv4 only in this version, and the cluster has network.ipv6")
	}
	if pods := c.Network.IPv6.Pods; pods.IsValid() {
		room := 1 << max(0, min(nodeBits6-pods.Bits(), 30))
		switch {
		case pods.Bits() < podBitsLeast6:
			r.problem("network.ipv6.pods", "", "%s is too large: a pod network is a /%d or smaller", pods,
				podBitsLeast6)
		case pods.Bits() > nodeBits6:
			r.problem("network.ipv6.pods", "fd00:10:244::/56 has room for 256 hosts",
				"%s is too small: each host gets a /%d of it", pods, nodeBits6)
		case room < len(c.Hosts):
			r.problem("network.ipv6.pods", "fd00:10:244::/56 has room for 256 hosts",
				"%s has room for only %d of the %d hosts, because each gets a /%d of it", pods, room, len(c.Hosts),
				nodeBits6)
		}
	}
	if services := c.Network.IPv6.Services; services.IsValid() &&
		(services.Bits() < serviceBitsLeast6 || services.Bits() > serviceBitsMost6) {
		r.problem("network.ipv6.services", "fd00:10:96::/112 has 65536 addresses",
			"%s does not fit: kube-apiserver takes a /%d or smaller, and the tenth address is the DNS's, so that "+
				"a /%d is the smallest", services, serviceBitsLeast6, serviceBitsMost6)
	}
	all := networks6(c)
	for i, n := range all {
		for _, s := range special6 {
			if s.prefix.Overlaps(n.prefix) {
				r.problem(n.path, "", "%s overlaps the %s addresses, %s", n.prefix, s.name, s.prefix)
			}
		}
		for _, m := range all[:i] {
			if m.prefix.Overlaps(n.prefix) {
				r.problem(n.path, m.hint, "%s %s overlaps %s %s", n.name, n.prefix, m.name, m.prefix)
			}
		}
	}
}
