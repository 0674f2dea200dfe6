package component

import (
	"net/url"
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const KubeletConfig = "/etc/kubernetes/kubelet.conf"

// kubelet runs the pods of a node. It starts as soon as something listens at the API's address: it registers within a
// tenth of a second then, while a kubelet that started long before is in the middle of a back-off of seconds.
var kubelet = Component{
	Name:  "kubelet",
	On:    everywhere,
	After: []string{"containerd", "kube-api-proxy", "cri-dockerd"},
	Gates: []string{"kube-apiserver"},
	Resources: func(t Target) []resource.Resource {
		runtime, socket := "containerd.service", containerdSocket
		if t.Cluster.CRI == "dockerd" {
			runtime, socket = "cri-dockerd.service", criDockerdSocket
		}
		config := templates.KubeletConfig{
			ClusterDNS:      t.Cluster.ServiceIP(10),
			ClusterDomain:   t.Cluster.Network.Domain,
			RuntimeEndpoint: "unix://" + socket,
			CgroupV1:        t.Facts.Cgroup == 1 && t.Minor() >= cgroupV1Field,
			Resolv:          t.Facts.Resolv,
		}
		for _, taint := range t.taints() {
			config.Taints = append(config.Taints, templates.Taint(taint))
		}
		flags := templates.Flags{
			"config":     "/var/lib/kubelet/config.yaml",
			"kubeconfig": KubeletConfig,
			// There is no field for it, and the kubelet would take the address of the default route, which is the NAT
			// interface of a Vagrant host.
			"node-ip": t.Host.Address.String(),
		}
		if t.Facts.Hostname != t.Host.Name {
			flags["hostname-override"] = t.Host.Name // CIS 4.2.7 wants it unset, so only where it must be
		}
		return List(
			one(
				resource.Dir{Path: "/var/lib/kubelet", Mode: 0o750},
				resource.Dir{Path: "/var/lib/kubelet/pki", Mode: 0o700},
				resource.Dir{Path: "/etc/kubernetes/manifests", Mode: 0o700},
				resource.Dir{Path: "/etc/cni/net.d", Mode: 0o755},
			),
			t.programs("cni-plugins", "/opt/cni/bin", "bridge", "host-local", "loopback", "portmap"),
			// Started with: everything above the service in this list.
			t.apiListens(),
			t.service("kubelet.service",
				t.programs("kubernetes", "/usr/local/bin", "kubelet"),
				t.keys("kubelet"),
				one(
					text("/var/lib/kubelet/config.yaml", 0o600, templates.KubeletYAML.Render(config)),
					unit("kubelet.service", templates.KubeletUnit.Render(templates.Kubelet{
						Flags: flags.With(t.Cluster.Arguments["kubelet"]), Runtime: runtime,
					})),
				),
			),
			one(resource.Ready{
				Name: "kubelet is healthy", URL: "http://127.0.0.1:10248/healthz", Unit: "kubelet.service", Timeout: 60 * time.Second,
			}),
		)
	},
}

// apiListens waits until something listens where this host reaches the API.
func (t Target) apiListens() []resource.Resource {
	endpoint, err := url.Parse(t.Cluster.Endpoint())
	if err != nil {
		panic("provision: endpoint of the API: " + err.Error())
	}
	return one(resource.Ready{
		Name: "the API can be reached from this host", URL: "tcp://" + endpoint.Host, Timeout: 180 * time.Second,
	})
}

// apiAnswers waits until the API server that this host reaches is ready.
func (t Target) apiAnswers() resource.Resource {
	return resource.Ready{
		Name: "the API is ready for this host", URL: t.Cluster.Endpoint() + "/readyz", CACert: Pki + "/ca.crt",
		Timeout: 180 * time.Second, Every: apiPoll,
	}
}

// taints are those of the inventory, and the control plane's own where the host is not a worker too.
func (t Target) taints() []inventory.Taint {
	taints := t.Host.Taints
	if t.Has(inventory.ControlPlane) && !t.Has(inventory.Worker) {
		taints = append([]inventory.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: "NoSchedule"}}, taints...)
	}
	return taints
}

// taintText spells a taint as kubectl does: key=value:effect.
func taintText(taint inventory.Taint) string {
	var b strings.Builder
	b.WriteString(taint.Key)
	if taint.Value != "" {
		b.WriteString("=" + taint.Value)
	}
	return b.String() + ":" + taint.Effect
}
