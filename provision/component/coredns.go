package component

import (
	"net/netip"

	"kbootstrap/release"
	"kbootstrap/templates"
)

// The Deployment of the cluster DNS.
const DNSNamespace, DNSDeployment = "kube-system", "coredns"

// coreDNS is the first add-on: the names of Services.
var coreDNS = addon(Component{
	Name:    DNSDeployment,
	Short:   "dns",
	AddOn:   &AddOn{Field: "dns", What: "the names of Services", Reach: by("SERVICE.NAMESPACE.svc")},
	After:   []string{"kube-controller-manager"},
	Sources: []release.Source{{Component: "coredns", Image: "registry.k8s.io/coredns/coredns:v{version}"}},
}, func(t Target) []byte {
	return coreDNSManifest.Render(coreDNSData{
		Image: t.Release.Image("coredns"), ClusterDomain: t.Cluster.Network.Domain,
		Address: t.Cluster.ServiceIP(10), IPv6: t.Cluster.ServiceIPv6(10), Replicas: 2, Upstream: t.Upstream,
	})
})

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
