package component

import (
	"time"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

var kubeProxyProgram = inventory.Program{Name: "kube-proxy", Rules: kubeProxyRules, Release: kubernetes,
	Hidden: templates.HiddenDirs()}

// kubeProxy carries the addresses of Services, on every node.
var kubeProxy = Component{
	Name:       "kube-proxy",
	OfNode:     true,
	Short:      "proxy",
	On:         everywhere,
	PodNetwork: true,
	After:      []string{"kubelet"},
	Units:      []string{"kube-proxy.service"},
	Sources:    []release.Source{kubernetesProgram("kube-proxy", "kubelet")},
	Ports: []Port{
		{Network: "tcp", Number: 10249, By: "kube-proxy", For: "metrics", Loopback: true},
		{Network: "tcp", Number: 10256, By: "kube-proxy", For: "health"},
		{Network: "tcp", By: "kube-proxy", For: "NodePorts", World: true, Range: nodePorts},
		{Network: "udp", By: "kube-proxy", For: "NodePorts", World: true, Range: nodePorts},
	},
	Residue:   Residue{Data: []string{"/var/lib/kube-proxy"}, Chains: []string{"KUBE-"}},
	Programs:  []inventory.Program{kubeProxyProgram},
	Sandbox:   kubeProxySandbox,
	Variables: kubernetesVariables,
	Direct:    true,
	Resources: func(t Target) []resource.Resource {
		flags := t.withArguments("kube-proxy", kubeProxyRules,
			templates.Flags{"config": "/var/lib/kube-proxy/config.yaml"})
		translated := t.translated(kubeProxyProgram, kubeProxyPlaces(t.Cluster))
		return list(
			one(resource.Dir{Path: "/var/lib/kube-proxy", Mode: 0o700}),
			t.gated("kube-proxy.service", t.shared(flags), one(t.apiAnswers()),
				t.programs("kubernetes", "/usr/local/bin", "kube-proxy"),
				t.keys("kube-proxy"),
				one(
					text("/var/lib/kube-proxy/config.yaml", 0o600,
						translated.inYAML(kubeProxyYAML.Render(kubeProxyConfig{
							NodeName: t.Host.Name, Pods: commas(t.Cluster.Network.PodNetworks()),
							Conntrack: t.Facts.ConntrackWritable,
						}))),
					unit("kube-proxy.service", kubeProxyUnit.Render(daemon{
						Flags: flags, Sandbox: kubeProxySandbox(t),
					})),
				),
			),
			one(resource.Ready{
				Name: "kube-proxy is healthy", URL: "http://127.0.0.1:10256/livez", Unit: "kube-proxy.service",
				Timeout: 120 * time.Second,
			}),
		)
	},
}

// kubeProxySandbox is what kube-proxy may do. It listens on node ports for the health of Services,
// and loads ip_vs itself where the inventory wants that.
func kubeProxySandbox(t Target) templates.Sandbox {
	s := templates.Sandbox{
		Capabilities: bindCapability(t.Cluster.Network.NodePorts.First),
		LoadsModules: t.Cluster.Arguments["kube-proxy"]["proxy-mode"] == "ipvs",
	}
	if s.LoadsModules {
		s.Capabilities = append(s.Capabilities, "CAP_SYS_MODULE")
	}
	return t.filterSandbox(s)
}

// nodePorts are the ports of Services of type NodePort.
func nodePorts(c *inventory.Cluster) inventory.PortRange { return c.Network.NodePorts }

// proxyKubeconfig is who kube-proxy is to the API: it may read Services and their endpoints.
const proxyKubeconfig = "/etc/kubernetes/kube-proxy.conf"

// kubeProxyConfig is the data of /var/lib/kube-proxy/config.yaml, a KubeProxyConfiguration.
type kubeProxyConfig struct {
	NodeName string
	Pods     string // networks
	// Conntrack is false where the host's limits cannot be written, as in a container; kube-proxy
	// exits otherwise.
	Conntrack bool
}

var (
	kubeProxyYAML = templates.New[kubeProxyConfig]("kube-proxy.yaml.tmpl")
	kubeProxyUnit = templates.New[daemon]("kube-proxy.service.tmpl")
)
