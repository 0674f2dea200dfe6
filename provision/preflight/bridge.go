package preflight

import (
	"cmp"
	"net/netip"
	"slices"

	"kbootstrap/host"
)

// usualBridge is the network that docker gives its bridge when it is not told another.
const usualBridge = "172.17.0.1/16"

// dockerBridge judges the network of docker0 before there is one: what lies in it cannot be reached
// any more when docker starts. Docker itself avoids the networks of interfaces, so they are no
// matter unless it is told to take one.
func dockerBridge(s Scene, h Host) []Finding {
	args := s.Cluster.Arguments["dockerd"]
	if h.Docker == nil || cmp.Or(args["bridge"], h.Docker.Bridge) != "" {
		return one(OK, "none")
	}
	told := cmp.Or(args["bip"], h.Docker.BIP)
	bridge, err := netip.ParsePrefix(cmp.Or(told, usualBridge))
	if err != nil {
		return one(Fail, "bip %q in /etc/docker/daemon.json is not an address with the length of its network", told)
	}
	if slices.ContainsFunc(h.Facts.Interfaces, func(i host.Interface) bool { return i.Name == "docker0" }) {
		return one(OK, "docker0 is there already")
	}
	var found []Finding
	for _, n := range []struct {
		name   string
		prefix netip.Prefix
	}{{"network.pods", s.Cluster.Network.Pods}, {"network.services", s.Cluster.Network.Services}} {
		if n.prefix.Overlaps(bridge.Masked()) {
			found = append(found, one(Fail, "the bridge's network %s overlaps %s %s", bridge.Masked(), n.name,
				n.prefix)...)
		}
	}
	tell := func(what string, address netip.Addr) {
		if bridge.Masked().Contains(address) && (told != "" || !isOnLink(h, address)) {
			found = append(found, one(Fail, "the bridge's network %s holds %s, %s", bridge.Masked(), address, what)...)
		}
	}
	for _, peer := range h.Survey.Peers {
		tell("from which this host is logged in to", peer)
	}
	for _, server := range h.Survey.NameServers {
		if address, err := netip.ParseAddr(server); err == nil {
			tell("a name server of this host", address)
		}
	}
	for _, other := range s.Cluster.Hosts {
		tell("the address of "+other.Name, other.Address)
	}
	if found == nil {
		return one(OK, "%s", bridge.Masked())
	}
	return found
}

// isOnLink reports whether an address is in the network of an interface.
func isOnLink(h Host, address netip.Addr) bool {
	return slices.ContainsFunc(h.Facts.Interfaces, func(i host.Interface) bool {
		return slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Contains(address) })
	})
}
