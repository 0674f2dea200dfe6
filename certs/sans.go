package certs

import (
	"net/netip"

	"kbootstrap/inventory"
)

// etcdSANs are a member's own names only, so that adding a member never changes another's
// certificate.
func etcdSANs(_ *inventory.Cluster, h inventory.Host) []string {
	return []string{h.Name, address(h.Address), "localhost", "127.0.0.1"}
}

// kubeletSANs are what the API server dials: it takes the node's name or its internal address.
func kubeletSANs(_ *inventory.Cluster, h inventory.Host) []string {
	return append([]string{h.Name}, addressesOf(h)...)
}

// localSANs are for what listens on loopback only.
func localSANs(_ *inventory.Cluster, h inventory.Host) []string {
	return []string{h.Name, "localhost", "127.0.0.1"}
}

// registrySANs are the name that images have, and the host's own: containerd and pods go by the
// address, which needs no DNS.
func registrySANs(c *inventory.Cluster, h inventory.Host) []string {
	return append([]string{c.AddOns.Registry.Name, h.Name, "localhost", "127.0.0.1"}, addressesOf(h)...)
}

// hostSANs are the names and addresses by which people reach any host of a cluster.
func hostSANs(c *inventory.Cluster) []string {
	var names []string
	for _, h := range c.Hosts {
		names = append(append(names, h.Name), addressesOf(h)...)
		if h.SSH.Address != "" {
			names = append(names, canonical(h.SSH.Address))
		}
	}
	return names
}

// ingressSANs are all hosts, what stands in front of them, and the names that the inventory adds.
func ingressSANs(c *inventory.Cluster) []string {
	a := c.AddOns.Ingress
	names := append(hostSANs(c), canonical(c.IngressAddress()))
	if c.AddOns.UI.Enabled && c.AddOns.UI.Name != "" {
		names = append(names, c.AddOns.UI.Name)
	}
	return append(names, a.Names...)
}

// uiSANs are all hosts, as a NodePort is a port of each; behind the ingress there is nothing to
// add.
func uiSANs(c *inventory.Cluster) []string {
	if c.AddOns.UI.Name != "" {
		return nil
	}
	return hostSANs(c)
}

// apiserverSANs are the names by which pods, hosts and people reach an API server: the kubernetes
// service, the control plane's own name and addresses, and localhost, because the proxies on the
// hosts and forwarded ports end there. The other control planes are not among them, so that one
// that comes or goes changes no certificate of another.
func apiserverSANs(c *inventory.Cluster, h inventory.Host) []string {
	names := []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + c.Network.Domain,
		address(c.ServiceIP(1)), "localhost", "127.0.0.1", h.Name,
	}
	names = append(names, addressesOf(h)...)
	if h.SSH.Address != "" {
		names = append(names, canonical(h.SSH.Address))
	}
	if six := c.ServiceIPv6(1); six.IsValid() {
		names = append(names, address(six))
	}
	return names
}

// pageSANs are the names by which people reach a page: those of the control planes, so that another
// worker changes no certificate; and localhost, for a port that is forwarded.
func pageSANs(c *inventory.Cluster) []string {
	names := []string{"localhost", "127.0.0.1"}
	for _, h := range c.With(inventory.ControlPlane) {
		names = append(append(names, h.Name), addressesOf(h)...)
		if h.SSH.Address != "" {
			names = append(names, canonical(h.SSH.Address))
		}
	}
	return names
}

// canonical is a name as it is, and an address in its canonical form.
func canonical(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return address(a)
	}
	return s
}

// address returns an address as certificates write it: without a zone, and IPv4 as IPv4.
func address(a netip.Addr) string { return a.Unmap().WithZone("").String() }

// addressesOf are the addresses of a host in the cluster's network.
func addressesOf(h inventory.Host) []string {
	var all []string
	for _, a := range h.Addresses() {
		all = append(all, address(a))
	}
	return all
}
