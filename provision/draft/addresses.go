package draft

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/provision/component"
)

// place is an address of a host on one of its interfaces.
type place struct {
	link      string
	prefix    netip.Prefix // with the address
	isDefault bool         // packets to the outside leave here
}

func (p place) address() netip.Addr { return p.prefix.Addr() }

// bridges are how the names begin of interfaces that lead to containers and virtual machines of the
// host itself.
var bridges = []string{"docker", "br-", "virbr", "veth", "cni", "podman", "lxc", "lxdbr", "cali", "vnet"}

// places returns the addresses of a host that may be the cluster's.
func places(f host.Facts) []place {
	var found []place
	for _, i := range f.Interfaces {
		inner := slices.ContainsFunc(bridges, func(b string) bool { return strings.HasPrefix(i.Name, b) })
		if !i.Up || inner || component.IsOwnInterface(i.Name) {
			continue
		}
		for _, p := range i.Addresses {
			a := p.Addr()
			if a.Is4() && a.IsGlobalUnicast() && !a.IsLinkLocalUnicast() {
				found = append(found, place{i.Name, p, i.Name == f.DefaultRouteInterface})
			}
		}
	}
	return found
}

// shared is a network in which each of the hosts has an address of its own.
type shared struct {
	network netip.Prefix
	at      map[string]place // by host
}

// sharedNetworks returns the networks that the hosts share, in the order of the first host's
// interfaces. Vagrant's first interface is not in one: it has the same address on every machine.
func sharedNetworks(names []string, facts map[string]host.Facts) []shared {
	if len(names) == 0 {
		return nil
	}
	var all []shared
	for _, first := range places(facts[names[0]]) {
		s := shared{first.prefix.Masked(), map[string]place{names[0]: first}}
		taken := map[netip.Addr]bool{first.address(): true}
		for _, name := range names[1:] {
			for _, p := range places(facts[name]) {
				if p.prefix.Masked() == s.network && !taken[p.address()] {
					s.at[name], taken[p.address()] = p, true
					break
				}
			}
		}
		known := slices.ContainsFunc(all, func(o shared) bool { return o.network == s.network })
		if len(s.at) == len(names) && !known && s.network.Bits() < 32 {
			all = append(all, s)
		}
	}
	return all
}

// better puts the networks that hosts share in the order in which they are proposed. A forwarded
// port of this machine leads to an interface that only Vagrant uses, and so does the first one of a
// machine of libvirt. Otherwise the network that SSH uses comes first, and then private ones.
func better(networks []shared, hosts []Host, isVagrant bool) []shared {
	rank := func(s shared) int {
		n := 0
		for _, h := range hosts {
			p, ok := s.at[h.Name]
			if !ok {
				continue
			}
			address, err := netip.ParseAddr(h.SSH.Address)
			hidden := err == nil && address.IsLoopback() || isVagrant
			switch {
			case hidden && p.isDefault:
				n += 4
			case !hidden && err == nil && address != p.address():
				n += 2
			}
			if !p.address().IsPrivate() {
				n++
			}
		}
		return n
	}
	return slices.SortedStableFunc(slices.Values(networks), func(a, b shared) int {
		return cmp.Compare(rank(a), rank(b))
	})
}

// choice is the address of a host in the cluster, and why.
type choice struct {
	address netip.Addr
	why     string   // behind the address
	open    []string // what a person has to do
}

// choose finds the address of each host that was asked.
func choose(s Source, facts map[string]host.Facts) map[string]choice {
	var names []string
	for _, h := range s.Hosts {
		if _, ok := facts[h.Name]; ok && !h.Address.IsValid() {
			names = append(names, h.Name)
		}
	}
	chosen := map[string]choice{}
	networks := better(sharedNetworks(names, facts), s.Hosts, s.OwnHostKeys)
	for _, h := range s.Hosts {
		f, asked := facts[h.Name]
		switch {
		case h.Address.IsValid():
			chosen[h.Name] = given(h, f, asked)
		case !asked:
			chosen[h.Name] = guess(h)
		case networks != nil:
			p := networks[0].at[h.Name]
			c := choice{address: p.address(), why: fmt.Sprintf("%s, in %s", p.link, networks[0].network)}
			for _, other := range networks[1:] {
				c.why += fmt.Sprintf("; or %s on %s", other.at[h.Name].address(), other.at[h.Name].link)
			}
			chosen[h.Name] = c
		default:
			chosen[h.Name] = apart(h, names, facts)
		}
	}
	return chosen
}

// given is the address that the source says, compared with those that the host has.
func given(h Host, f host.Facts, asked bool) choice {
	c := choice{address: h.Address}
	if !asked {
		return c
	}
	for _, p := range places(f) {
		if p.address() == h.Address {
			c.why = p.link
			return c
		}
	}
	c.open = []string{fmt.Sprintf("The host does not have this address. It has %s.", listPlaces(f))}
	return c
}

// guess is the address of a host that was not asked: the one that SSH uses, if it is one.
func guess(h Host) choice {
	if a, err := netip.ParseAddr(h.SSH.Address); err == nil && a.Is4() && !a.IsLoopback() {
		return choice{address: a, why: "the address of SSH; the host was not asked"}
	}
	return choice{open: []string{`The host was not asked. Write the address of the host in the network that all ` +
		`hosts share; on the host, "ip -4 address" shows it.`}}
}

// apart is the address of a host that shares no network with the others: the one that SSH uses, or
// that of the default route if it is no other host's.
func apart(h Host, names []string, facts map[string]host.Facts) choice {
	const check = "The hosts share no network: make sure that the others reach this address."
	for _, p := range places(facts[h.Name]) {
		if p.address().String() == h.SSH.Address {
			return choice{p.address(), p.link, []string{check}}
		}
	}
	for _, p := range places(facts[h.Name]) {
		if p.isDefault && !isElsewhere(p.address(), h.Name, names, facts) {
			return choice{p.address(), p.link, []string{check}}
		}
	}
	return choice{open: []string{fmt.Sprintf("No address of the host is its own in a network that all hosts share. "+
		"It has %s. Give each host an interface in one network, or write the address by which the others reach it.",
		listPlaces(facts[h.Name]))}}
}

// isElsewhere reports whether another host has the address too.
func isElsewhere(a netip.Addr, self string, names []string, facts map[string]host.Facts) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name != self && slices.ContainsFunc(places(facts[name]), func(p place) bool { return p.address() == a })
	})
}

func listPlaces(f host.Facts) string {
	var texts []string
	for _, p := range places(f) {
		texts = append(texts, fmt.Sprintf("%s (%s)", p.prefix, p.link))
	}
	if texts == nil {
		return "no address"
	}
	return strings.Join(texts, ", ")
}
