package netns

import (
	"errors"
	"net"
	"net/netip"

	"kbootstrap/host"
)

// NetLink is an interface of the network as the kernel itself tells it, with what holds of veth
// pairs and bridges.
type NetLink struct {
	Index  int
	Name   string
	Up     bool // as it was set, whether or not there is a carrier
	MAC    string
	Master int // the index of the bridge that it is a port of; 0 for none
	Peer   int // of a veth: the index of the other end, in the network namespace where that is
}

// AddressesOf are the IPv4 addresses of an interface, with the length of their networks. One that
// is gone by now has none.
func AddressesOf(name string) []netip.Prefix {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil
	}
	addresses, err := i.Addrs()
	if err != nil {
		return nil
	}
	var prefixes []netip.Prefix
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}

// ErrNoInterface says that a network namespace has no interface of the name.
var ErrNoInterface = errors.New("no such interface")

// PodLink is the interface by which a pod is on the network of pods.
const PodLink = "eth0"

// LinkOf returns the pod's end of the pod's veth pair, and the IPv4 addresses on it.
func (s Sandbox) LinkOf(sys *host.System) (NetLink, []netip.Prefix, error) {
	var link NetLink
	var addresses []netip.Prefix
	err := InNetwork(s.Network(sys), func() error {
		links, err := NetLinks()
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.Name == PodLink {
				link, addresses = l, AddressesOf(PodLink)
				return nil
			}
		}
		return ErrNoInterface
	})
	return link, addresses, err
}
