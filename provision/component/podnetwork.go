package component

import (
	"path"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// cniHome is the tool's own directory for the CNI configuration. That of the other programs of a
// host, /etc/cni/net.d, is not read: a runtime takes the first file there, whosever it is.
const cniHome = "/etc/kubernetes/cni"

// cniPlaces are where the runtimes find the network of pods: the data of the script that writes the
// configuration.
type cniPlaces struct {
	Dir  string // of the configuration
	Name string // of its file
	Bin  string // the directory of the plugins
}

var cni = cniPlaces{Dir: cniHome + "/net.d", Name: "10-flannel.conflist", Bin: ownDir + "/cni/bin"}

const cniScript = ownDir + "/libexec/cni-config"

var cniConfigScript = templates.New[cniPlaces]("cni-config.sh.tmpl")

// podNetworkFiles are what a runtime needs to put pods on their network, but for the configuration,
// which the script writes when the subnet is known.
func podNetworkFiles(t Target) []resource.Resource {
	return list(
		one(
			resource.Dir{Path: cniHome, Mode: 0o755},
			resource.Dir{Path: cni.Dir, Mode: 0o755},
			resource.Strays{Dir: cni.Dir, Keep: []string{cni.Name, "." + cni.Name + ".new"}, Absent: true},
			resource.Dir{Path: ownDir + "/libexec", Mode: 0o755},
			text(cniScript, 0o755, cniConfigScript.Render(cni)),
		),
		t.programs("cni-plugins", cni.Bin, "bridge", "host-local", "loopback", "portmap"),
	)
}

// podNetworkOf is the network of the pods of a host, as its node in the API wants it.
func podNetworkOf(t Target) resource.Resource {
	return api.PodNetwork{
		Node: t.Host.Name, Kubeconfig: KubeletConfig, Address: t.Host.Address.String(),
		Config: path.Join(cni.Dir, cni.Name), VXLAN: t.Cluster.Network.Flannel.Backend == inventory.VXLAN,
	}
}
