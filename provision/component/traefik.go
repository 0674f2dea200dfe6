package component

import (
	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/templates"
)

// Traefik is the component of the ingress.
const Traefik = "traefik"

// traefik is the add-on of http and https from outside. With ports of hosts it is a DaemonSet whose
// pods get what is sent there by the portmap plugin; with NodePorts a Deployment behind a Service.
var traefik = optional(Component{
	Name:  Traefik,
	Short: "ingress",
	After: []string{"kube-controller-manager"},
	Sources: []release.Source{{
		Component: Traefik, Version: "3.7.13", Image: "docker.io/library/traefik:v{version}",
	}},
	// The certificate is for the names of all hosts.
	NamesAll: func(c *inventory.Cluster) bool {
		return c.AddOns.Ingress.Enabled && c.AddOns.Ingress.Certificate == ""
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
		HasName:       !isAddress(t.Cluster.AddOns.Ingress.Address),
		UI:            hasPagesByName(t.Cluster), UIServer: certs.UI + ".kube-system.svc",
		Certificate: string(certificate), Key: string(key),
	})
})

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
	a := c.AddOns.Ingress
	if !a.Enabled {
		return ""
	}
	return "http://" + withPort(a.Address, a.HTTP, 80) + ", https://" + withPort(a.Address, a.HTTPS, 443)
}

// traefikData is the data of the objects of Traefik.
type traefikData struct {
	Image string
	inventory.IngressAddOn
	Replicas int // with NodePorts
	// ControlPlanes says that pods run on control planes, because there is nothing else.
	ControlPlanes    bool
	HasName          bool // Address is a name
	UI               bool // the web UI is behind it
	UIServer         string
	Certificate, Key string // PEM
}

var traefikManifest = templates.New[traefikData]("traefik.yaml.tmpl")
