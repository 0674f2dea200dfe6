package component

import (
	"net/netip"
	"slices"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// probeNamespace has the pods of the probe and nothing else, so that kubelets may list them and see
// no pod of anybody else.
const probeNamespace = "kbootstrap"

// podProbe is a pod on every node that does nothing: from its network a host sees what pods see.
// Who waits for the pods is health, host by host, so that a host that is gone keeps no other from
// its end.
var podProbe = Component{
	Name:      "pod-probe",
	Short:     "probe",
	On:        Target.first,
	After:     []string{"access"},
	ServesAll: true,
	Resources: func(t Target) []resource.Resource {
		return objects(Admin, podProbeManifest.Render(podProbeData{
			Image: t.Release.Image("pause"), Namespace: probeNamespace,
		}))
	},
}

// peers is how many other hosts each host tries to reach, the next ones of the inventory. As an
// answer needs both ways, every two hosts of up to seven are tried.
const peers = 3

// unheard is how long flanneld of another host may not hear of a node after the API was away: the
// reflector of client-go waits up to a minute until it watches again, and as long until it lists
// all nodes when that is refused as too old.
const unheard = 150 * time.Second

// probeOf is what the pods of a host must reach. That the pods of a host which is away are not
// reached says nothing of this host.
func probeOf(t Target) resource.Resource {
	hosts := slices.DeleteFunc(slices.Clone(t.Cluster.Hosts), func(h inventory.Host) bool {
		return slices.Contains(t.Away, h.Name)
	})
	at := slices.IndexFunc(hosts, func(h inventory.Host) bool { return h.Name == t.Host.Name })
	var next []string
	for i := range min(peers, len(hosts)-1) {
		next = append(next, hosts[(at+1+i)%len(hosts)].Name)
	}
	return api.PodProbe{
		Node: t.Host.Name, Kubeconfig: KubeletConfig, Namespace: probeNamespace,
		API: netip.AddrPortFrom(t.Cluster.ServiceIP(1), 443).String(), DNS: t.Cluster.ServiceIP(10).String(),
		Domain: t.Cluster.Network.Domain, Peers: next, Timeout: 120 * time.Second, Unheard: unheard,
	}
}

// podProbeData is the data of the probe's objects.
type podProbeData struct {
	Image     string
	Namespace string
}

var podProbeManifest = templates.New[podProbeData]("pod-probe.yaml.tmpl")
