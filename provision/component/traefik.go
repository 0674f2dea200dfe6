package component

import (
	"strings"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// Traefik is the component of the ingress.
const Traefik = "traefik"

// traefik is the add-on of http and https from outside. With ports of hosts it is a DaemonSet
// behind a Service which has the hosts' addresses for its own, so that kube-proxy leads what is
// sent there to the pod on the same host; with NodePorts a Deployment.
//
// The portmap plugin would do so without a Service, and only until the first reload of a firewalld,
// which flushes its rules: nothing writes them again.
var traefik = withAddresses(optional(Component{
	Name:  Traefik,
	Short: "ingress",
	After: []string{"kube-controller-manager"},
	Sources: []release.Source{{
		Component: Traefik, Version: "3.7.13", Image: "docker.io/library/traefik:v{version}",
	}},
	// The certificate is for the names of all hosts, and the Service has their addresses.
	NamesAll: func(c *inventory.Cluster) bool {
		a := c.AddOns.Ingress
		return a.HasHostPorts() || a.Enabled && a.Certificate == ""
	},
	Ports: []Port{
		entrance("http", func(a inventory.IngressAddOn) int { return a.HTTP }),
		entrance("https", func(a inventory.IngressAddOn) int { return a.HTTPS }),
	},
}, AddOn{
	Field: "ingress", What: "http and https from outside to Services", Reach: reachIngress,
	IsOn: func(c *inventory.Cluster) bool { return c.AddOns.Ingress.Enabled },
}, func(t Target) []byte {
	certificate, key := t.PKI.Serving(certs.Ingress)
	return traefikManifest.Render(traefikData{
		Image: t.Release.Image(Traefik), IngressAddOn: t.Cluster.AddOns.Ingress, Replicas: t.replicas(),
		ControlPlanes: len(t.Cluster.With(inventory.Worker)) == 0,
		Shown:         shownAddress(t.Cluster), Where: placeOfIngress(t.Cluster),
		UI: hasPagesByName(t.Cluster), UIServer: certs.UI + ".kube-system.svc",
		Certificate: string(certificate), Key: string(key),
	})
}))

// withAddresses has the Service of the ingress be reached at the addresses of hosts.
func withAddresses(c Component) Component {
	serve := c.Resources
	c.Resources = func(t Target) []resource.Resource {
		rs := serve(t)
		if !t.Cluster.AddOns.Ingress.HasHostPorts() {
			return rs
		}
		service := api.ServiceAddresses{Namespace: "kube-system", Name: Traefik, Kubeconfig: Admin}
		for _, h := range t.Cluster.Entrances() {
			service.Addresses = append(service.Addresses, h.Address.String())
		}
		return append(rs, service)
	}
	return c
}

// placeOfIngress is where the pods are, in a few words.
func placeOfIngress(c *inventory.Cluster) string {
	switch a := c.AddOns.Ingress; {
	case len(a.Hosts) > 0:
		return strings.Join(a.Hosts, ", ")
	case a.Ports == inventory.NodePorts:
		return "anywhere"
	case len(c.With(inventory.Worker)) == 0:
		return "control planes"
	}
	return "workers"
}

// shownAddress is the argument that says what an Ingress shows as its address.
func shownAddress(c *inventory.Cluster) string {
	a := c.AddOns.Ingress
	switch {
	case a.Address == "" && a.HasHostPorts():
		return "publishedservice=kube-system/" + Traefik
	case a.Address != "" && !isAddress(a.Address):
		return "hostname=" + a.Address
	}
	return "ip=" + c.IngressAddress()
}

// entrance is a port of hosts at which requests come in. What is sent there goes on to a pod, and
// no process of the host listens.
func entrance(what string, number func(inventory.IngressAddOn) int) Port {
	return Port{
		Network: "tcp", By: "ingress", For: what, World: true,
		At: func(t Target) bool { return t.Cluster.TakesRequests(t.Host) },
		Of: func(c *inventory.Cluster) int {
			if a := c.AddOns.Ingress; a.HasHostPorts() {
				return number(a)
			}
			return 0
		},
	}
}

// reachIngress is what users write.
func reachIngress(c *inventory.Cluster) string {
	a, at := c.AddOns.Ingress, c.IngressAddress()
	if !a.Enabled {
		return ""
	}
	return "http://" + withPort(at, a.HTTP, 80) + ", https://" + withPort(at, a.HTTPS, 443)
}

// traefikData is the data of the objects of Traefik.
type traefikData struct {
	Image string
	inventory.IngressAddOn
	Replicas int // with NodePorts
	// ControlPlanes says that pods run on control planes, because there is nothing else.
	ControlPlanes    bool
	Shown            string // see shownAddress
	Where            string // see placeOfIngress
	UI               bool   // the web UI is behind it
	UIServer         string
	Certificate, Key string // PEM
}

var traefikManifest = templates.New[traefikData]("traefik.yaml.tmpl")
