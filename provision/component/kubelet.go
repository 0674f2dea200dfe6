package component

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const KubeletConfig = "/etc/kubernetes/kubelet.conf"

// kubelet runs the pods of a node. It starts as soon as something listens at the API's address: it
// registers within a tenth of a second then, while a kubelet that started long before is in the
// middle of a back-off of seconds.
var kubelet = Component{
	Name:  "kubelet",
	On:    everywhere,
	After: []string{"containerd", "kube-api-proxy", "cri-dockerd"},
	Units: []string{"kubelet.service"},
	Sources: []release.Source{
		kubernetesProgram("kubelet"),
		// Four of the plugins: all that flannel's network needs. The full set is five times as
		// large.
		{Component: "cni-plugins", Version: "1.9.1", Archive: true,
			URL: "https://github.com/containernetworking/plugins/releases/download/v{version}/" +
				"cni-plugins-linux-{arch}-v{version}.tgz",
			Programs: []string{"bridge", "host-local", "loopback", "portmap"}},
	},
	Ports: []Port{
		{Network: "tcp", Number: 10250, By: "kubelet", From: []inventory.Role{inventory.ControlPlane}},
		{Network: "tcp", Number: 10248, By: "kubelet", For: "health", Loopback: true},
	},
	Residue: Residue{
		Data: []string{
			"/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers", "/etc/cni/net.d",
			"/opt/cni/bin",
		},
		Mounts:     []string{"/var/lib/kubelet"},
		Interfaces: []string{"cni0"},
		Chains:     []string{"KUBE-", "CNI-"},
	},
	Programs: []inventory.Program{
		{Name: "kubelet", Rules: kubeletRules, Release: kubernetes},
	},
	Resources: func(t Target) []resource.Resource {
		runtime, socket := "containerd.service", containerdSocket
		if t.Cluster.CRI == "dockerd" {
			runtime, socket = "cri-dockerd.service", criDockerdSocket
		}
		config := kubeletConfiguration{
			ClusterDNS:      t.Cluster.ServiceIP(10),
			ClusterDomain:   t.Cluster.Network.Domain,
			RuntimeEndpoint: "unix://" + socket,
			CgroupV1:        t.Facts.Cgroup == 1 && t.Minor() >= cgroupV1Field,
			Resolv:          t.Facts.Resolv,
		}
		for _, taint := range taintsOf(t) {
			config.Taints = append(config.Taints, nodeTaint(taint))
		}
		flags := templates.Flags{
			"config":     "/var/lib/kubelet/config.yaml",
			"kubeconfig": KubeletConfig,
			// There is no field for it, and the kubelet would take the address of the default
			// route, which is the NAT interface of a Vagrant host.
			"node-ip": t.Host.Address.String(),
		}
		if t.Facts.Hostname != t.Host.Name {
			flags["hostname-override"] = t.Host.Name // CIS 4.2.7 wants it unset, so only where it must be
		}
		flags = t.withArguments("kubelet", kubeletRules, flags)
		return list(
			one(
				resource.Dir{Path: "/var/lib/kubelet", Mode: 0o750},
				resource.Dir{Path: "/var/lib/kubelet/pki", Mode: 0o700},
				resource.Dir{Path: "/etc/kubernetes/manifests", Mode: 0o700},
				resource.Dir{Path: "/etc/cni/net.d", Mode: 0o755},
			),
			t.programs("cni-plugins", "/opt/cni/bin", "bridge", "host-local", "loopback", "portmap"),
			// Started with: everything above the service in this list.
			t.apiListens(),
			t.service("kubelet.service", t.shared(flags, "ca.crt"),
				t.programs("kubernetes", "/usr/local/bin", "kubelet"),
				t.keys("kubelet"),
				one(
					text("/var/lib/kubelet/config.yaml", 0o600, kubeletYAML.Render(config)),
					unit("kubelet.service", kubeletUnit.Render(kubeletCommand{
						Flags: flags, Runtime: runtime,
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
		panic("component: endpoint of the API: " + err.Error())
	}
	return one(resource.Ready{
		Name: "the API can be reached from this host", URL: "tcp://" + endpoint.Host, Timeout: 180 * time.Second,
		For: APIServer,
	})
}

// apiAnswers waits until the API server that this host reaches is ready.
func (t Target) apiAnswers() resource.Resource {
	return resource.Ready{
		Name: "the API is ready for this host", URL: t.Cluster.Endpoint() + "/readyz", CACert: PKIDir + "/ca.crt",
		Timeout: 180 * time.Second, Every: apiPoll, For: APIServer,
	}
}

// taintsOf are those of the inventory, and the control plane's own where the host is not a worker
// too.
func taintsOf(t Target) []inventory.Taint {
	taints := t.Host.Taints
	if t.Has(inventory.ControlPlane) && !t.Has(inventory.Worker) {
		taints = append(
			[]inventory.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: "NoSchedule"}}, taints...,
		)
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

// kubeletConfiguration is the data of /var/lib/kubelet/config.yaml, a KubeletConfiguration.
type kubeletConfiguration struct {
	ClusterDNS    netip.Addr
	ClusterDomain string
	// RuntimeEndpoint is the CRI socket as a URL.
	RuntimeEndpoint string
	// CgroupV1 writes failCgroupV1: false, without which a kubelet from 1.35 refuses such a host.
	// The field exists from 1.31.
	CgroupV1 bool
	// Resolv is the resolv.conf that pods inherit; systemd-resolved's stub would loop.
	Resolv string
	Taints []nodeTaint
}

// nodeTaint is a taint that a node registers with.
type nodeTaint struct{ Key, Value, Effect string }

// kubeletCommand is the data of kubelet.service.
type kubeletCommand struct {
	Flags templates.Flags
	// Runtime is the unit that serves the CRI: "containerd.service" or "cri-dockerd.service".
	Runtime string
}

var (
	kubeletYAML = templates.New[kubeletConfiguration]("kubelet.yaml.tmpl")
	kubeletUnit = templates.New[kubeletCommand]("kubelet.service.tmpl")
)
