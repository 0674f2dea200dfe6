package component

import (
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const SuperAdmin = "/etc/kubernetes/super-admin.conf"

// coreDNS is the first add-on: the names of Services.
var coreDNS = Component{
	Name:  "coredns",
	On:    Target.first,
	After: []string{"access", "kube-controller-manager"},
	Resources: func(t Target) []resource.Resource {
		return objects(SuperAdmin, templates.CoreDNSYAML.Render(templates.DNSManifest{
			Image: t.Release.Image("coredns"), ClusterDomain: t.Cluster.Network.Domain,
			Address: t.Cluster.ServiceIP(10), Replicas: 2, Upstream: t.Upstream,
		}))
	},
}
