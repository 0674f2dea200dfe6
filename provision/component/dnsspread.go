package component

import (
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// dnsSpread has the replicas of CoreDNS on more than one node. The scheduler sees to that when it
// places them, but the last node gets all when the others were down, and so does the first one of a
// new cluster if the second is late (apart). It comes when all nodes are ready, and is about the
// second host: a run that adds that host sees it, and a cluster of one has nothing to spread.
var dnsSpread = Component{
	Name:   "dns-spread",
	Short:  "spread",
	On:     Target.isSecond,
	AtLead: true,
	Needs:  []string{"health"},
	Last:   true,
	Resources: func(Target) []resource.Resource {
		return one(api.Spread{Namespace: DNSNamespace, Name: DNSDeployment, Kubeconfig: Admin})
	},
}

// isSecond reports whether the host is the first of the inventory that does not lead.
func (t Target) isSecond() bool {
	i := 0
	for i < len(t.Cluster.Hosts) && t.Cluster.Hosts[i].Name == t.lead() {
		i++
	}
	return i < len(t.Cluster.Hosts) && t.Cluster.Hosts[i].Name == t.Host.Name
}
