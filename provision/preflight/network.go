package preflight

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/provision/component"
)

// cluster returns the interface that has the host's cluster address, and that address with the
// length of its network.
func (h Host) cluster() (host.Interface, netip.Prefix, bool) {
	for _, i := range h.Facts.Interfaces {
		for _, p := range i.Addresses {
			if p.Addr() == h.Address {
				return i, p, true
			}
		}
	}
	return host.Interface{}, netip.Prefix{}, false
}

func addressOnHost(_ Scene, h Host) []Finding {
	i, prefix, ok := h.cluster()
	switch {
	case !ok:
		return one(Fail, "%s is on no interface; the host has %s", h.Address, addresses(h.Facts.Interfaces))
	case !i.Up:
		return one(Fail, "%s is on %s, which is down", h.Address, i.Name)
	}
	return one(OK, "%s on %s, MTU %d", prefix, i.Name, i.MTU)
}

// addresses lists the IPv4 addresses of a host.
func addresses(interfaces []host.Interface) string {
	var texts []string
	for _, i := range interfaces {
		for _, p := range i.Addresses {
			if p.Addr().Is4() && !p.Addr().IsLoopback() {
				texts = append(texts, fmt.Sprintf("%s (%s)", p.Addr(), i.Name))
			}
		}
	}
	if len(texts) == 0 {
		return "no address"
	}
	return strings.Join(texts, ", ")
}

func uniqueIP(s Scene, h Host) []Finding {
	for _, other := range s.Hosts {
		if other.Name == h.Name {
			continue
		}
		for _, i := range other.Facts.Interfaces {
			if slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == h.Address }) {
				return one(Fail, "%s, the address of %s, is on %s of %s", h.Address, h.Name, i.Name, other.Name)
			}
		}
	}
	for _, peer := range s.Peers {
		if peer.Address == h.Address {
			f := one(Fail, "%s, the address of %s, is that of %s in the cluster", h.Address, h.Name, peer.Name)
			f[0].Hint = fmt.Sprintf("give one of the two another address; if %s is gone for good: kubectl delete "+
				"node %s", peer.Name, peer.Name)
			return f
		}
		for _, i := range h.Facts.Interfaces {
			if slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == peer.Address }) {
				return one(Fail, "%s, the address of %s, is on %s of %s", peer.Address, peer.Name, i.Name, h.Name)
			}
		}
	}
	return one(OK, "%s", h.Address)
}

func defaultRoute(_ Scene, h Host) []Finding {
	if h.Facts.DefaultRouteInterface == "" {
		return one(Fail, "the host has no default route")
	}
	return one(OK, "by %s", h.Facts.DefaultRouteInterface)
}

func cidrOverlap(s Scene, h Host) []Finding {
	var found []Finding
	for _, i := range h.Facts.Interfaces {
		if component.IsOwnInterface(i.Name) {
			continue
		}
		for _, p := range i.Addresses {
			for _, n := range []struct {
				name   string
				prefix netip.Prefix
			}{{"network.pods", s.Cluster.Network.Pods}, {"network.services", s.Cluster.Network.Services}} {
				if n.prefix.Overlaps(p) {
					found = append(found, one(Fail, "%s %s overlaps %s of %s", n.name, n.prefix, p.Masked(), i.Name)...)
				}
			}
		}
	}
	if found == nil {
		return one(OK, "none")
	}
	return found
}

// resolver judges whether pods of the host have a DNS server to ask. The cluster DNS asks it too,
// as soon as one host has any, and does not start on a host that has none.
func resolver(s Scene, h Host) []Finding {
	if h.Facts.Resolv != "" {
		return one(OK, "%s", h.Facts.Resolv)
	}
	level, what := Warn, "/etc/resolv.conf names no DNS server"
	if len(h.Survey.NameServers) > 0 {
		what = "/etc/resolv.conf names only " + strings.Join(h.Survey.NameServers, ", ") +
			", which in a pod is the pod itself"
	}
	for _, other := range s.Hosts {
		if other.Facts.Resolv != "" {
			level, what = Fail, what+"; "+other.Name+" has one, to which the cluster DNS forwards, and a pod of the "+
				"cluster DNS that comes to this host would end at once"
			break
		}
	}
	return one(level, "%s", what)
}

func hostGateway(s Scene, h Host) []Finding {
	_, prefix, ok := h.cluster()
	if s.Cluster.Network.Flannel.Backend != "host-gw" || !ok {
		return nil
	}
	for _, other := range s.Cluster.Hosts {
		if !prefix.Contains(other.Address) {
			return one(Fail, "%s of %s is not in %s: %s is behind a router",
				other.Address, other.Name, prefix.Masked(), other.Name)
		}
	}
	return one(OK, "%s", prefix.Masked())
}
