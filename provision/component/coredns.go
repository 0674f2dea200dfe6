package component

import (
	"net/netip"
	"strings"

	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// The Deployment of the cluster DNS.
const DNSNamespace, DNSDeployment = "kube-system", "coredns"

// coreDNS is the first add-on: the names of Services.
var coreDNS = apart(dnsReplicas, addon(Component{
	Name:  DNSDeployment,
	Short: "dns",
	AddOn: &AddOn{Field: "dns", What: "the names of Services", Reach: by("SERVICE.NAMESPACE.svc")},
	After: []string{"kube-controller-manager"},
	// A pod whose image is still on its way asks a registry for it, and is in a back-off of ten
	// seconds then.
	Yields: []string{"images"},
	Sources: []release.Source{{
		Component: "coredns", Image: "registry.k8s.io/coredns/coredns:v{version}", Like: []string{"kubelet"},
	}},
}, func(t Target) []byte {
	return coreDNSManifest.Render(coreDNSData{
		Image: t.Release.Image("coredns"), ClusterDomain: t.Cluster.Network.Domain,
		Address: t.Cluster.ServiceIP(10), IPv6: t.Cluster.ServiceIPv6(10), Replicas: dnsReplicas, Upstream: t.Upstream,
	})
}))

const dnsReplicas = 2

// apart has the Deployments of an add-on made when as many nodes take pods as there are replicas,
// as far as the cluster has hosts. Then the scheduler places them apart, and none has to be moved.
func apart(replicas int, c Component) Component {
	resources := c.Resources
	c.Resources = func(t Target) []resource.Resource {
		return eachObject(resources(t), func(o api.Object) api.Object {
			if strings.HasPrefix(o.ID(), "object Deployment ") {
				o.Takers = min(replicas, len(t.Cluster.Hosts)-len(t.Away))
			}
			return o
		})
	}
	return c
}

// coreDNSData is the data of the CoreDNS add-on.
type coreDNSData struct {
	Image         string
	ClusterDomain string
	Address       netip.Addr
	IPv6          netip.Addr // not valid where the cluster has none
	Replicas      int
	// Upstream says that the hosts know a DNS server for names outside of the cluster. Without one
	// there is nothing to forward to, and CoreDNS would stop at a loop.
	Upstream bool
}

var coreDNSManifest = templates.New[coreDNSData]("coredns.yaml.tmpl")
