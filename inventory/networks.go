package inventory

import (
	"cmp"
	"net/netip"
)

// The bounds of the networks, as lengths of their prefixes.
const (
	nodeBits = 24 // of the pod CIDR that each node gets; the default of kube-controller-manager
	// kube-controller-manager keeps a bitmap of node networks and refuses more than 2^16 of them
	// (pkg/controller/nodeipam/ipam/cidrset).
	podBitsLeast = nodeBits - 16
	// kube-apiserver refuses IPv4 service networks of more than 2^20 addresses
	// (cmd/kube-apiserver/app/options).
	serviceBitsLeast = 12
	// The tenth address is the DNS's, and the last is not given out: 16 are the least.
	serviceBitsMost = 28
)

// dockerBridge is the network that dockerd gives its own bridge, docker0, when it is not told
// another.
var dockerBridge = netip.MustParsePrefix("172.17.0.0/16")

// special are networks that mean something else than hosts somewhere.
var special = []struct {
	prefix netip.Prefix
	name   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
}

// apart is the hint for networks that have addresses in common.
const apart = "hosts, pods and Services need networks apart; " +
	"by default pods have 10.244.0.0/16 and Services 10.96.0.0/12"

// network is one of the networks of the cluster, for messages about two of them.
type network struct {
	name, path string
	prefix     netip.Prefix
	hint       string
}

// networks returns the networks of the cluster that could be read.
func networks(r *reader, c *Cluster) []network {
	var all []network
	add := func(n network) {
		if n.prefix.IsValid() {
			all = append(all, n)
		}
	}
	if bridge, ok := bridgeOf(c); ok {
		add(network{"the network of docker's bridge", "", bridge,
			`move docker's bridge with arguments: {dockerd: {bip: 172.31.255.1/24}}, or choose another network`})
	}
	add(network{"network.pods", "network.pods", c.Network.Pods, ""})
	add(network{"network.services", "network.services", c.Network.Services, ""})
	for i, n := range all {
		if n.path != "" && !r.given(n.path) {
			all[i].name += " (by default)"
		}
	}
	return all
}

// bridgeOf returns the network of docker0, unless there is none or docker finds one for itself.
func bridgeOf(c *Cluster) (netip.Prefix, bool) {
	args := c.Arguments["dockerd"]
	if c.Runtime != "docker" || args["bridge"] != "" {
		return netip.Prefix{}, false
	}
	if bip := args["bip"]; bip != "" {
		p, err := netip.ParsePrefix(bip)
		return p.Masked(), err == nil && p.Addr().Is4()
	}
	return dockerBridge, true
}

// checkNetworks checks the pod and the service network, and that no two networks overlap.
func checkNetworks(r *reader, c *Cluster) {
	pods, services := c.Network.Pods, c.Network.Services
	if pods.IsValid() {
		room := 0
		if pods.Bits() <= nodeBits {
			room = 1 << min(nodeBits-pods.Bits(), 30)
		}
		switch {
		case pods.Bits() < podBitsLeast:
			r.problem("network.pods", "", "%s is too large: a pod network is a /%d or smaller", pods, podBitsLeast)
		case room == 0:
			r.problem("network.pods", "10.244.0.0/16 has room for 256 hosts",
				"%s is too small: each host gets a /%d of it",
				pods, nodeBits)
		case room < len(c.Hosts):
			r.problem("network.pods", "10.244.0.0/16 has room for 256 hosts",
				"%s has room for only %d of the %d hosts, because each gets a /%d of it",
				pods, room, len(c.Hosts), nodeBits)
		}
	}
	if services.IsValid() {
		switch {
		case services.Bits() < serviceBitsLeast:
			r.problem("network.services", "", "%s is too large: kube-apiserver takes a /%d or smaller",
				services, serviceBitsLeast)
		case services.Bits() > serviceBitsMost:
			r.problem("network.services", "",
				"%s has %d addresses; at least 16 are needed, because the tenth is the DNS's",
				services, size(services))
		}
	}
	if f := c.Network.Flannel; f.Backend == HostGW && f.MTU != 0 {
		r.problem("network.flannel.mtu", "set the MTU of the interfaces themselves",
			"mtu is for tunnels; host-gw sends packets as they are")
	}
	all := networks(r, c)
	for i, n := range all {
		for _, s := range special {
			if s.prefix.Overlaps(n.prefix) && n.path != "" && n.prefix.Bits() >= podBitsLeast {
				r.problem(n.path, "", "%s overlaps the %s addresses, %s", n.prefix, s.name, s.prefix)
			}
		}
		for _, m := range all[:i] {
			if m.prefix.Overlaps(n.prefix) {
				r.problem(blame(r, n, m), cmp.Or(m.hint, n.hint, apart), "%s %s overlaps %s %s",
					n.name, n.prefix, m.name, m.prefix)
			}
		}
	}
}

// blame returns the path of that of two networks which the file has.
func blame(r *reader, n, m network) string {
	if !r.given(n.path) && m.path != "" && r.given(m.path) {
		return m.path
	}
	return n.path
}

// checkAddresses checks the addresses of the hosts.
func checkAddresses(r *reader, c *Cluster) {
	networks := networks(r, c)
	first := map[netip.Addr]Host{}
	for i, h := range c.Hosts {
		at := index("hosts", i) + ".address"
		if !h.Address.IsValid() {
			continue
		}
		for _, s := range special {
			if s.prefix.Contains(h.Address) {
				r.problem(at, "use the address by which the other hosts reach it",
					"%s cannot be the address of a host: it is %s",
					h.Address, s.name)
			}
		}
		for _, n := range networks {
			if n.prefix.Contains(h.Address) {
				r.problem(at, cmp.Or(n.hint, apart), "%s is in %s, %s", h.Address, n.name, n.prefix)
			}
		}
		if before, ok := first[h.Address]; ok {
			r.problem(at, "each host needs its own address", "host %q on line %d has the same address, %s",
				before.Name, before.Line, h.Address)
			continue
		}
		first[h.Address] = h
	}
}
