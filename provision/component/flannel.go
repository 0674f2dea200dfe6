package component

import (
	"time"

	"kbootstrap/resource"
	"kbootstrap/templates"
)

// flannel is the network between the pods of all hosts. It goes over the interface that holds the cluster address, and
// writes the CNI configuration when it has the node's subnet, which makes the node Ready.
var flannel = Component{
	Name:  "flannel",
	On:    everywhere,
	After: []string{"kubelet"},
	Gates: []string{"kube-controller-manager"},
	Resources: func(t Target) []resource.Resource {
		flags := templates.Flags{
			"kube-subnet-mgr": "true",
			"kubeconfig-file": "/etc/kubernetes/flannel.conf",
			"net-config-path": "/etc/kube-flannel/net-conf.json",
			// An address and not a name: on a Vagrant host the interface of the default route is the wrong one.
			"iface":        t.Host.Address.String(),
			"public-ip":    t.Host.Address.String(),
			"ip-masq":      "true",
			"healthz-ip":   "127.0.0.1",
			"healthz-port": "8081",
		}.With(t.Cluster.Arguments["flanneld"])
		return List(
			one(
				resource.Dir{Path: "/etc/kube-flannel", Mode: 0o755},
				resource.Dir{Path: "/opt/kbootstrap/libexec", Mode: 0o755},
			),
			t.gated("flanneld.service", t.joined(),
				t.programs("flannel", "/usr/local/bin", "flanneld"),
				t.keys("flannel"),
				one(
					text("/etc/kube-flannel/net-conf.json", 0o644, templates.FlannelJSON.Render(templates.FlannelConfig{
						Pods: t.Cluster.Network.Pods, Backend: t.Cluster.Network.Flannel.Backend, Port: t.Cluster.Network.Flannel.Port,
					})),
					text("/opt/kbootstrap/libexec/cni-config", 0o755, templates.CNIConfigScript.Render(struct{}{})),
					unit("flanneld.service", templates.FlanneldUnit.Render(templates.Flanneld{Flags: flags, NodeName: t.Host.Name})),
				),
			),
			one(resource.Ready{
				Name: "flanneld holds a subnet", URL: "http://127.0.0.1:8081/healthz", Unit: "flanneld.service", Timeout: 120 * time.Second,
			}),
		)
	},
}
