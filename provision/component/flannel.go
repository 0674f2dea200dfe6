package component

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// FlannelConfig is the file that says how flannel carries packets between hosts.
const FlannelConfig = "/etc/kube-flannel/net-conf.json"

// flannel is the network between the pods of all hosts. It goes over the interface that holds the
// cluster address, and writes the CNI configuration when it has the node's subnet, which makes the
// node Ready.
var flannel = Component{
	Name:       "flannel",
	OfNode:     true,
	On:         everywhere,
	PodNetwork: true,
	After:      []string{"kubelet", "host-access"},
	Units:      []string{"flanneld.service"},
	Sources: []release.Source{{
		Component: "flannel", Version: "0.28.4", Archive: true,
		Programs: []string{"flanneld"}, Like: []string{"kubelet"},
		URL: "https://github.com/flannel-io/flannel/releases/download/v{version}/flannel-v{version}-linux-{arch}.tar.gz",
		// The project publishes no sum of the archive; the program in the image is the same
		// release, linked statically as well (Makefile of flannel).
		Image: "ghcr.io/flannel-io/flannel:v{version}", ImageDirectory: "opt/bin/",
	}},
	Ports: []Port{
		{Network: "tcp", Number: 8081, By: "flanneld", For: "health", Loopback: true},
		{Network: "udp", By: "flanneld", From: []inventory.Role{AnyHost}, Of: func(c *inventory.Cluster) int {
			return c.Network.Flannel.UDP()
		}},
	},
	Residue: Residue{
		Data:       []string{"/run/flannel", "/etc/kube-flannel"},
		Interfaces: []string{vxlanInterface, vxlanInterface6, wireguardInterface},
		Chains:     []string{"FLANNEL-"},
	},
	Programs: []inventory.Program{
		{Name: "flanneld", Rules: flannelRules, Release: "flannel", Hidden: templates.HiddenDirs()},
	},
	Sandbox:   flannelSandbox,
	Variables: []string{"FLANNELD_", "NODE_NAME", "EVENT_QUEUE_DEPTH"},
	Direct:    true,
	Resources: func(t Target) []resource.Resource {
		flags := templates.Flags{
			"kube-subnet-mgr": "true",
			"kubeconfig-file": "/etc/kubernetes/flannel.conf",
			"net-config-path": FlannelConfig,
			// An address and not a name: on a Vagrant host the interface of the default route is
			// the wrong one.
			"iface":        t.Host.Address.String(),
			"public-ip":    t.Host.Address.String(),
			"ip-masq":      "true",
			"healthz-ip":   "127.0.0.1",
			"healthz-port": "8081",
		}
		if t.Host.IPv6.IsValid() {
			flags["public-ipv6"] = t.Host.IPv6.String()
		}
		flags = t.withArguments("flanneld", flannelRules, flags)
		return list(
			one(
				resource.Dir{Path: "/etc/kube-flannel", Mode: 0o755},
			),
			t.gated("flanneld.service", t.shared(flags), list(t.enlisted(), t.joined("kube-controller-manager")),
				t.programs("flannel", "/usr/local/bin", "flanneld"),
				t.keys("flannel"),
				one(
					text(FlannelConfig, 0o644, flannelJSON.Render(flannelConfig{
						Pods: t.Cluster.Network.Pods, IPv6: t.Cluster.Network.IPv6.Pods,
						Backend: t.Cluster.Network.Flannel.Backend, Port: t.Cluster.Network.Flannel.Port,
						MTU: t.Cluster.Network.Flannel.MTU,
					})),
					unit("flanneld.service", flanneldUnit.Render(flanneldCommand{
						Flags: flags, NodeName: t.Host.Name,
						Sandbox: flannelSandbox(t),
					})),
				),
			),
			t.otherTunnels(),
			one(
				resource.Ready{
					Name: "flanneld holds a subnet", URL: "http://127.0.0.1:8081/healthz", Unit: "flanneld.service",
					Timeout: 120 * time.Second,
				},
				podNetworkOf(t),
			),
		)
	},
}

// The interfaces that flannel makes of itself: 1 is its VNI (pkg/backend/vxlan), and the other is
// named in pkg/backend/wireguard.
const (
	vxlanInterface     = "flannel.1"
	vxlanInterface6    = "flannel-v6.1"
	wireguardInterface = "flannel-wg"
)

// otherTunnels are the interfaces of the backends that flannel does not have. The routes of one
// that stays are narrower than those of the new one, and would win.
func (t Target) otherTunnels() []resource.Resource {
	var rs []resource.Resource
	for backend, name := range map[string]string{
		inventory.VXLAN: vxlanInterface, inventory.WireGuard: wireguardInterface,
	} {
		if backend != t.Cluster.Network.Flannel.Backend {
			rs = append(rs, resource.NIC{Name: name, Absent: true})
		}
	}
	slices.SortFunc(rs, func(a, b resource.Resource) int { return strings.Compare(a.ID(), b.ID()) })
	return rs
}

// flannelConfig is the data of /etc/kube-flannel/net-conf.json.
type flannelConfig struct {
	Pods    netip.Prefix
	IPv6    netip.Prefix // of pods too; not valid where the cluster has none
	Backend string
	Port    int // UDP, for vxlan and wireguard
	MTU     int // of the network between hosts; 0 for that of the interface
}

// flanneldCommand is the data of flanneld.service.
type flanneldCommand struct {
	Flags    templates.Flags
	Sandbox  templates.Sandbox
	NodeName string // flanneld outside of a pod takes the node's name from its environment
}

// flannelSandbox is what flanneld may do: it writes the subnet of the node to a file.
func flannelSandbox(t Target) templates.Sandbox {
	return t.filterSandbox(templates.Sandbox{Run: []string{"flannel"}})
}

var (
	flannelJSON  = templates.New[flannelConfig]("net-conf.json.tmpl")
	flanneldUnit = templates.New[flanneldCommand]("flanneld.service.tmpl")
)
