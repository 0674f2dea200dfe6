package inventory

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
)

// StateDir returns the directory where the control machine keeps what belongs to this cluster, such
// as its certificates. It is next to the inventory, so that a copy of one includes the other.
func (c *Cluster) StateDir() string {
	return filepath.Join(filepath.Dir(c.File), ".kbootstrap", c.Name)
}

// ServiceIP returns the nth address of the service CIDR, counted from 0, which is the network
// itself: 1 is the API's, 10 is the DNS's. It is the zero Addr when the CIDR has no such address.
func (c *Cluster) ServiceIP(n int) netip.Addr { return nth(c.Network.Services, n) }

// ServiceIPv6 is ServiceIP of the other family; the zero Addr when the cluster has none.
func (c *Cluster) ServiceIPv6(n int) netip.Addr { return nth(c.Network.IPv6.Services, n) }

// nth returns the nth address of a network, counted from 0; the zero Addr when there is none.
func nth(p netip.Prefix, n int) netip.Addr {
	if !p.IsValid() || n < 0 {
		return netip.Addr{}
	}
	base := p.Masked().Addr().As16()
	low := binary.BigEndian.Uint64(base[8:])
	if low+uint64(n) < low {
		return netip.Addr{}
	}
	binary.BigEndian.PutUint64(base[8:], low+uint64(n))
	a := netip.AddrFrom16(base)
	if p.Addr().Is4() {
		a = a.Unmap()
	}
	if !p.Contains(a) {
		return netip.Addr{}
	}
	return a
}

// valid are those of the networks that there are.
func valid(networks ...netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(networks, func(p netip.Prefix) bool { return !p.IsValid() })
}

// size returns the number of addresses of an IPv4 network.
func size(p netip.Prefix) uint64 { return 1 << (32 - p.Bits()) }

// Endpoint returns the URL at which the components on any host reach the API: that of the control
// plane when there is one, and that of the proxy on the host itself when there are more.
func (c *Cluster) Endpoint() string {
	planes := c.With(ControlPlane)
	if len(planes) == 1 {
		return fmt.Sprintf("https://%s:%d", planes[0].Address, c.Network.APIPort)
	}
	return fmt.Sprintf("https://127.0.0.1:%d", c.Network.LocalAPIPort)
}

// String returns the range as kube-apiserver takes it: "30000-32767".
func (p PortRange) String() string { return fmt.Sprintf("%d-%d", p.First, p.Last) }

// Contains reports whether the port is in the range.
func (p PortRange) Contains(port int) bool { return p.First <= port && port <= p.Last }
