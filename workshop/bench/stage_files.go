package main

import (
	"embed"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"kbootstrap/templates"
)

// kubeadmFiles are what a host needs for kubeadm in addition to what the product's templates
// render.
//
//go:embed kubeadm
var kubeadmFiles embed.FS

// files are the texts of the layout by their path in it. containerd, docker, kube-proxy
// and flanneld are set up as the product does it.
func (s stage) files() (map[string]string, error) {
	read := func(name string) string {
		text, err := kubeadmFiles.ReadFile("kubeadm/" + name)
		if err != nil {
			panic(err) // the file is embedded: it is missing in no build or in all
		}
		return string(text)
	}
	pods, err := netip.ParsePrefix("10.244.0.0/16")
	if err != nil {
		return nil, err
	}
	open := templates.Sandbox{Open: true} // kubeadm's hosts have no sandbox around services
	return map[string]string{
		"kubeadm.sh":                                   script,
		"common/opt/kubeadm/prepare.sh":                read("prepare.sh"),
		"common/opt/kubeadm/resolves.sh":               read("resolves.sh"),
		"control-plane/opt/kubeadm/network.sh":         read("network.sh"),
		"common/etc/systemd/system/kubelet.service":    read("kubelet.service"),
		"common/etc/systemd/system/containerd.service": string(containerdUnit.Render(unit{Sandbox: open})),
		"common/etc/containerd/config.toml": string(containerdTOML.Render(
			containerdConfig{Version: 3, Pause: s.images["pause"], CNI: cni})),
		"common/etc/systemd/system/flanneld.service": string(flanneldUnit.Render(unit{
			Sandbox:  open,
			NodeName: "%H", // systemd's word for the host's name
			Flags: templates.Flags{
				"kube-subnet-mgr": "true", "kubeconfig-file": "/etc/kube-flannel/kubeconfig",
				"iface": "eth1", "ip-masq": "true",
				"net-config-path": "/etc/kube-flannel/net-conf.json",
			},
		})),
		"common/etc/systemd/system/kube-proxy.service": string(proxyUnit.Render(unit{
			Sandbox: open,
			Flags:   templates.Flags{"config": "/var/lib/kube-proxy/config.yaml"},
		})),
		"common/var/lib/kube-proxy/config.yaml": string(proxyYAML.Render(proxyConfig{Pods: pods.String()})),
		"common/etc/systemd/system/docker.service": string(dockerUnit.Render(unit{
			Sandbox: open,
			Flags:   templates.Flags{"host": "unix:///run/docker.sock"},
		})),
		"common/etc/docker/daemon.json": string(dockerJSON.Render(
			dockerConfig{ContainerdSocket: "/run/containerd/containerd.sock"})),
		// The file of a host may name a server of its own loopback, at which CoreDNS stops. No name
		// outside of the cluster is asked for.
		"common/opt/kubeadm/resolv.conf": "nameserver 192.0.2.1\n",
		"common/etc/kube-flannel/net-conf.json": string(flannelJSON.Render(
			flannelConfig{Pods: pods, Backend: "vxlan", Port: 8472})),
		"common/opt/kbootstrap/libexec/cni-config": string(cniConfigScript.Render(cni)),
	}, nil
}

func (s stage) write(files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			return err
		}
	}
	return nil
}

// The files of kubeadm's hosts that are the same as the tool's own.
var (
	containerdUnit  = templates.New[unit]("containerd.service.tmpl")
	containerdTOML  = templates.New[containerdConfig]("containerd.toml.tmpl")
	flanneldUnit    = templates.New[unit]("flanneld.service.tmpl")
	flannelJSON     = templates.New[flannelConfig]("net-conf.json.tmpl")
	cniConfigScript = templates.New[cniPlaces]("cni-config.sh.tmpl")
	proxyUnit       = templates.New[unit]("kube-proxy.service.tmpl")
	proxyYAML       = templates.New[proxyConfig]("kube-proxy.yaml.tmpl")
	dockerUnit      = templates.New[unit]("docker.service.tmpl")
	dockerJSON      = templates.New[dockerConfig]("docker-daemon.json.tmpl")
)

type unit struct {
	Flags    templates.Flags
	NodeName string
	Sandbox  templates.Sandbox
}

type containerdConfig struct {
	Version    int
	Pause      string
	CNI        cniPlaces
	Registries string
}

// proxyConfig is the data of its template; a host's name is its own, and its limits are left alone.
type proxyConfig struct {
	NodeName  string
	Pods      string
	Conntrack bool
}

type dockerConfig struct{ ContainerdSocket string }

// cniPlaces are where kubeadm's hosts have the network of pods.
type cniPlaces struct{ Dir, Name, Bin string }

var cni = cniPlaces{Dir: "/etc/cni/net.d", Name: "10-flannel.conflist", Bin: "/opt/cni/bin"}

// flannelConfig is the data of its template, for IPv4 and the MTU of the interface.
type flannelConfig struct {
	Pods, IPv6 netip.Prefix
	Backend    string
	Port, MTU  int
}
