package component

import (
	"fmt"
	"time"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// health is what "done" means on each host: its node is Ready, a name of the cluster resolves from
// it, and a pod that runs on it reaches the API, the cluster DNS and pods of other hosts.
var health = Component{
	Name:       "health",
	On:         everywhere,
	PodNetwork: true,
	Last:       true,
	Resources: func(t Target) []resource.Resource {
		return one(
			api.NodeStatus{Name: t.Host.Name, Is: api.IsReady, Kubeconfig: KubeletConfig, Timeout: 120 * time.Second},
			probeOf(t),
			resource.Ready{
				Name:    "cluster DNS answers",
				URL:     fmt.Sprintf("dns://%s/kubernetes.default.svc.%s", t.Cluster.ServiceIP(10), t.Cluster.Network.Domain),
				Expect:  t.Cluster.ServiceIP(1).String(),
				Timeout: 120 * time.Second,
				Service: "kube-system/kube-dns", Kubeconfig: proxyKubeconfig,
			},
		)
	},
}
