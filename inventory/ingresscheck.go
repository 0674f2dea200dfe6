package inventory

import (
	"crypto/tls"
	"strings"

	"kbootstrap/fault"
)

// checkIngress completes what follows from other fields, and reports what cannot be.
func checkIngress(r *reader, c *Cluster) {
	const at = "addons.ingress"
	a := &c.AddOns.Ingress
	choose := func(field string, to *int, host, node int) {
		if *to != 0 || r.given(at+"."+field) {
			return
		}
		if *to = host; a.Ports == NodePorts {
			*to = node
		}
	}
	choose("http", &a.HTTP, 80, 30080)
	choose("https", &a.HTTPS, 443, 30443)
	for _, name := range a.Hosts {
		if _, ok := c.Host(name); !ok {
			r.problem(at+".hosts", Suggest(name, hostNames(c)), "there is no host %q", name)
		}
	}
	if a.Ports == NodePorts && len(a.Hosts) > 0 {
		r.problem(at+".hosts", "leave the line out, or set ports to host", "a NodePort is a port of every host")
	}
	for _, name := range a.Names {
		if !isWebName(strings.TrimPrefix(name, "*.")) {
			r.problem(at+".names", "write it like shop.example.com or *.apps.example.com",
				"%q is not a name that a certificate can be for", name)
		}
	}
	if a.Address != "" && !isIP(a.Address) && !isWebName(a.Address) {
		r.problem(at+".address", "write an address, or a name like www.example.com",
			"%q is neither a name nor an address", a.Address)
	}
	checkIngressCertificate(r, *a)
	checkIngressPorts(r, c)
	if a.Enabled && len(c.Hosts) > 0 && len(a.Hosts) == 0 && len(c.Entrances()) == 0 {
		r.problem(at, "name hosts in hosts, or take away taints", "no host takes requests: every worker has a taint")
	}
}

// isWebName reports whether users can call a server by a name.
func isWebName(name string) bool {
	return len(name) <= maxSubdomain && subdomainPattern.MatchString(name) && !isIP(name)
}

// checkIngressCertificate reports an owner's certificate that cannot be served.
func checkIngressCertificate(r *reader, a IngressAddOn) {
	const at = "addons.ingress.certificate"
	switch {
	case (a.Certificate == "") != (a.Key == ""):
		field, other := "certificate", "key"
		if a.Certificate == "" {
			field, other = other, field
		}
		r.problem("addons.ingress."+field, "", "a certificate and its key belong together: %s is missing", other)
		return
	case a.Certificate == "":
		return
	case len(a.Names) > 0:
		r.problem("addons.ingress.names", "leave the line out",
			"names are for a certificate of the cluster's authority, and there is one of your own")
	}
	certificate, err := readRegular(a.Certificate)
	if err != nil {
		r.problem(at, "", "%s: %v", a.Certificate, err)
		return
	}
	key, err := readRegular(a.Key)
	if err != nil {
		r.problem("addons.ingress.key", "", "%s: %v", a.Key, err)
		return
	}
	if _, err := tls.X509KeyPair(certificate, key); err != nil {
		r.problem(at, "name files in PEM: the certificate with its chain, and its key",
			"%s and %s are not a certificate and its key: %s", a.Certificate, a.Key,
			strings.TrimPrefix(err.Error(), "tls: "))
	}
}

// checkIngressPorts reports ports that the ingress cannot have. What other fields say of ports is
// in chosenPorts.
func checkIngressPorts(r *reader, c *Cluster) {
	defer r.as(fault.InventoryPort)()
	a := c.AddOns.Ingress
	if !a.Enabled {
		return
	}
	if a.HTTP != 0 && a.HTTP == a.HTTPS {
		r.problem("addons.ingress.https", "choose another port", "http and https are both %d", a.HTTP)
	}
	for _, p := range []Port{{"tcp", a.HTTP, "addons.ingress.http"}, {"tcp", a.HTTPS, "addons.ingress.https"}} {
		if a.Ports == NodePorts {
			checkNodePort(r, c, p)
			continue
		}
		for _, other := range chosenPorts(c) {
			if other.By != p.By && !strings.HasPrefix(other.By, "addons.ingress.") && other.Network == "tcp" &&
				p.Number != 0 && other.Number == p.Number {
				at := p.By
				if !r.given(at) {
					at = other.By
				}
				r.problem(at, "choose another port", "port %d is both %s and %s", p.Number, p.By, other.By)
			}
		}
	}
}

// checkNodePort reports a port that no Service can have as its NodePort, or that another field has.
func checkNodePort(r *reader, c *Cluster, p Port) {
	at := p.By
	if !r.given(at) {
		at = "addons"
	}
	nodePorts := c.Network.NodePorts
	if p.Number != 0 && nodePorts != (PortRange{}) && !nodePorts.Contains(p.Number) {
		r.problem(at, "choose one of network.nodePorts", "port %d of %s is not among the node ports, which are %s",
			p.Number, p.By, nodePorts)
	}
	for _, other := range ownNodePorts(c) {
		if other.By < p.By && p.Number != 0 && other.Number == p.Number {
			r.problem(at, "choose another port", "port %d is both %s and %s", p.Number, other.By, p.By)
		}
	}
}

// ownNodePorts are the node ports that the inventory chooses.
func ownNodePorts(c *Cluster) []Port {
	var ports []Port
	if a := c.AddOns.Ingress; a.Enabled && a.Ports == NodePorts {
		ports = append(ports, Port{"tcp", a.HTTP, "addons.ingress.http"}, Port{"tcp", a.HTTPS, "addons.ingress.https"})
	}
	if a := c.AddOns.UI; a.Enabled && a.Name == "" {
		ports = append(ports, Port{"tcp", a.Port, "addons.ui.port"})
	}
	return ports
}
