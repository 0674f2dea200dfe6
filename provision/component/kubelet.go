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

// kubeletServing is the certificate of the kubelet as a server.
const kubeletServing = "/var/lib/kubelet/pki/kubelet.crt"

const KubeletConfig = "/etc/kubernetes/kubelet.conf"

// kubelet runs the pods of a node. It starts as soon as something listens at the API's address: it
// registers within a tenth of a second then, while a kubelet that started long before is in the
// middle of a back-off of seconds.
var kubelet = Component{
	Name:     "kubelet",
	OfNode:   true,
	Disturbs: true,
	On:       everywhere,
	After:    []string{"containerd", "kube-api-proxy", "cri-dockerd"},
	Units:    []string{"kubelet.service"},
	Sources: []release.Source{
		kubernetesProgram("kubelet", "kube-apiserver", "containerd", release.Nothing),
	},
	Ports: []Port{
		// metrics-server asks every kubelet, from a pod that runs anywhere; flannel gives what
		// leaves the pod network the address of its host.
		{Network: "tcp", Number: 10250, By: "kubelet", From: []inventory.Role{inventory.ControlPlane}, AddOns: true,
			Shows: kubeletServing},
		{Network: "tcp", Number: 10248, By: "kubelet", For: "health", Loopback: true},
	},
	Reads: []Reading{
		{What: "`/etc/kubernetes/manifests`",
			Whose: "the operator's: our kubelet starts no static pods, and takes no drop-ins for its configuration"},
		{What: "`/etc/resolv.conf`", Whose: "the operator's: pods inherit it; `DNS` warns"},
		{What: "`/usr/libexec/kubernetes/kubelet-plugins`, `/var/lib/kubelet/plugins_registry`",
			Whose: "the plug-ins' of the cluster"},
	},
	Residue: Residue{
		Data: []string{
			"/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers", cniHome,
		},
		Interfaces: []string{"cni0"},
		Chains:     []string{"KUBE-", "CNI-"},
	},
	Programs: []inventory.Program{
		{Name: "kubelet", Rules: kubeletRules, Release: kubernetes},
	},
	Sandbox:   kubeletSandbox,
	Variables: kubernetesVariables,
	Direct:    true,
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
			Ciphers:         ciphers,
		}
		for _, taint := range taintsOf(t) {
			config.Taints = append(config.Taints, nodeTaint(taint))
		}
		flags := templates.Flags{
			"config":     "/var/lib/kubelet/config.yaml",
			"kubeconfig": KubeletConfig,
			// There is no field for it, and the kubelet would take the address of the default
			// route, which is the NAT interface of a Vagrant host.
			"node-ip": commas(t.Host.Addresses()),
			// Always, also where the host has that name: a host may be renamed, and a kubelet that
			// starts with another name than its certificate's is no node any more. CIS 4.2.7 wants
			// the flag unset because of certificates for other names; these are made for this one.
			"hostname-override": t.Host.Name,
		}
		flags = t.withArguments("kubelet", kubeletRules, flags)
		kept := t.keptCredential()
		return list(
			one(
				resource.Dir{Path: "/var/lib/kubelet", Mode: 0o750},
				resource.Dir{Path: "/var/lib/kubelet/pki", Mode: 0o700},
				resource.Dir{Path: "/etc/kubernetes/manifests", Mode: 0o700},
			),
			one(kept),
			// Started with: everything above the service in this list.
			t.apiListens(),
			startedWith(kept, t.service("kubelet.service", t.shared(flags, "ca.crt"),
				t.programs("kubernetes", "/usr/local/bin", "kubelet"),
				t.keys("kubelet"),
				one(
					text("/var/lib/kubelet/config.yaml", 0o600, kubeletYAML.Render(config)),
					unit("kubelet.service", kubeletUnit.Render(kubeletCommand{
						Flags: flags, Runtime: runtime,
						Sandbox: kubeletSandbox(t),
					})),
				),
			)),
			one(resource.Ready{
				Name: "kubelet is healthy", URL: "http://127.0.0.1:10248/healthz", Unit: "kubelet.service", Timeout: 120 * time.Second,
			}),
		)
	},
}

// KubeletKept is the client certificate that a kubelet really uses: it copies that of KubeletConfig
// there when it starts for the first time, and keeps there each that it is given later. That of
// KubeletConfig is read again only when none is kept, or when the kept one has ended.
const KubeletKept = "/var/lib/kubelet/pki/kubelet-client-current.pem"

// keptCredential has a kubelet begin again with KubeletConfig, which every run renews in time, when
// what it has kept cannot serve: the host was off for longer than the certificate was valid, its
// requests were not granted, or the authority is another.
func (t Target) keptCredential() resource.Resource {
	kept := resource.Credential{Path: KubeletKept, CommonName: "system:node:" + t.Host.Name}
	for _, f := range t.PKI.Files(t.Host, "pki") {
		if f.Path == PKIDir+"/ca.crt" {
			kept.CA = f.Content
		}
	}
	return kept
}

// startedWith has the service of a list restarted when a resource before it was changed whose state
// is not a part of what the service is started with.
func startedWith(before resource.Resource, rs []resource.Resource) []resource.Resource {
	for i, r := range rs {
		if service, ok := r.(resource.Service); ok {
			service.Starts = append(service.Starts, before.ID())
			rs[i] = service
		}
	}
	return rs
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
	Resolv  string
	Ciphers []string
	Taints  []nodeTaint
}

// nodeTaint is a taint that a node registers with.
type nodeTaint struct{ Key, Value, Effect string }

// kubeletCommand is the data of kubelet.service.
type kubeletCommand struct {
	Flags   templates.Flags
	Sandbox templates.Sandbox
	// Runtime is the unit that serves the CRI: "containerd.service" or "cri-dockerd.service".
	Runtime string
}

// kubeletSandbox leaves the kubelet its host: it mounts what pods see.
func kubeletSandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{Open: true, OOMScore: lastKilled})
}

var (
	kubeletYAML = templates.New[kubeletConfiguration]("kubelet.yaml.tmpl")
	kubeletUnit = templates.New[kubeletCommand]("kubelet.service.tmpl")
)
