package inventory

import (
	"slices"

	"kbootstrap/fault"
)

// IngressAddOn is Traefik: it takes requests from outside of the cluster at ports of hosts, and
// sends them on to Services, as objects of the kind Ingress say.
type IngressAddOn struct {
	Enabled bool
	// Ports says whose ports HTTP and HTTPS are: HostPorts or NodePorts.
	Ports       string
	HTTP, HTTPS int
	// Hosts are the names of the hosts that take requests, with HostPorts; none means all whose
	// pods need no toleration.
	Hosts []string
	// Address is what an Ingress shows as its own, an address or a name; "" for the addresses of
	// hosts.
	Address string
	// Names are further names in the certificate that the cluster's authority signs.
	Names []string
	// Certificate and Key are the paths of an owner's own certificate for requests that no Ingress
	// has a certificate for; "" for one of the cluster's authority.
	Certificate, Key string
	// Default reports whether an Ingress that names no class is for it.
	Default bool
}

// The values of IngressAddOn.Ports.
const (
	HostPorts = "host"
	NodePorts = "nodeport"
)

func defaultIngress() IngressAddOn { return IngressAddOn{Ports: HostPorts, Default: true} }

// ingressFields returns the fields of addons.ingress.
func ingressFields(a *IngressAddOn) []field {
	return []field{
		{name: "enabled", shape: "boolean", fallback: "false", read: flag(&a.Enabled),
			doc: "whether the cluster has Traefik."},
		{name: "ports", shape: "`host` or `nodeport`", fallback: HostPorts,
			read: oneOf(&a.Ports, HostPorts, NodePorts),
			doc: "where requests come in: at ports of the hosts themselves, or at ports of `network.nodePorts` of " +
				"every host, for a load balancer in front."},
		{name: "http", shape: "port", fallback: "80; 30080 with nodeport", class: fault.InventoryPort,
			read: port(&a.HTTP), doc: "the port for http."},
		{name: "https", shape: "port", fallback: "443; 30443 with nodeport", class: fault.InventoryPort,
			read: port(&a.HTTPS), doc: "the port for https."},
		{name: "hosts", shape: "list of names of hosts", fallback: "every worker without a taint",
			read: eachText(&a.Hosts), doc: "the hosts that take requests, with `ports: host`."},
		{name: "address", shape: "name or address", read: str(&a.Address),
			fallback: "the addresses of those hosts; with nodeport that of the first",
			doc: "what an Ingress shows as its address. Name here what stands in front of the hosts: a load " +
				"balancer, or an address that moves."},
		{name: "names", shape: "list of DNS names", fallback: "none", read: eachText(&a.Names),
			doc: "names that the certificate of the cluster's authority is for, besides names and addresses of all " +
				"hosts: `shop.example.com`, or `*.apps.example.com`."},
		{name: "certificate", shape: "file", fallback: "a certificate of the cluster's authority",
			read: file(&a.Certificate),
			doc: "a certificate of your own, in PEM, with those between it and the root after it. An Ingress that " +
				"names a Secret has that of the Secret."},
		{name: "key", shape: "file", read: file(&a.Key), doc: "the key of `certificate`, in PEM."},
		{name: "default", shape: "boolean", fallback: "true", read: flag(&a.Default),
			doc: "whether an Ingress that names no class is for this one."},
	}
}

// eachText reads a list of texts.
func eachText(to *[]string) decoder {
	return each(decoder{someText(), func(r *reader, at string, v *node) {
		var text string
		if str(&text).decode(r, at, v); text != "" {
			*to = append(*to, text)
		}
	}})
}

// HasHostPorts reports whether the ports of requests are those of hosts.
func (a IngressAddOn) HasHostPorts() bool { return a.Enabled && a.Ports == HostPorts }

// TakesRequests reports whether requests to a host at the ports of the ingress get anywhere.
func (c *Cluster) TakesRequests(h Host) bool {
	a := c.AddOns.Ingress
	switch {
	case !a.Enabled:
		return false
	case a.Ports == NodePorts:
		return true
	case len(a.Hosts) > 0:
		return slices.Contains(a.Hosts, h.Name)
	}
	isShut := slices.ContainsFunc(h.Taints, func(t Taint) bool { return t.Effect != "PreferNoSchedule" })
	return !isShut && (h.Has(Worker) || len(c.With(Worker)) == 0)
}

// IngressAddress is where users begin: what stands in front of the hosts, or the first of these.
func (c *Cluster) IngressAddress() string {
	if hosts := c.Entrances(); c.AddOns.Ingress.Address == "" && len(hosts) > 0 {
		return hosts[0].Address.String()
	}
	return c.AddOns.Ingress.Address
}

// Entrances are the hosts that take requests from outside, in the order of the inventory.
func (c *Cluster) Entrances() []Host {
	return slices.DeleteFunc(slices.Clone(c.Hosts), func(h Host) bool { return !c.TakesRequests(h) })
}
