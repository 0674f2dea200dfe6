package inventory

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
)

// StateDir returns the directory where the control machine keeps what belongs to this cluster, such
// as its certificates. It is next to the inventory, so that a copy of one includes the other.
func (c *Cluster) StateDir() string {
	return filepath.Join(filepath.Dir(c.File), ".kbootstrap", c.Name)
}

// ServiceIP returns the nth address of the service CIDR, counted from 0, which is the network
// itself: 1 is the API's, 10 is the DNS's. It is the zero Addr when the CIDR has no such address.
func (c *Cluster) ServiceIP(n int) netip.Addr {
	p := c.Network.Services.Masked()
	if !p.IsValid() || !p.Addr().Is4() || n < 0 || uint64(n) >= size(p) {
		return netip.Addr{}
	}
	base := p.Addr().As4()
	// n is below size, so the sum does not overflow.
	sum := binary.BigEndian.Uint32(base[:]) + uint32(n)
	binary.BigEndian.PutUint32(base[:], sum)
	return netip.AddrFrom4(base)
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
