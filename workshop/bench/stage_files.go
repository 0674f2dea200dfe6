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

// files are the texts of the layout by their path in it. containerd and flanneld are set up as the
// product does it.
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
	return map[string]string{
		"kubeadm.sh":                                   script,
		"common/opt/kubeadm/prepare.sh":                read("prepare.sh"),
		"common/etc/systemd/system/kubelet.service":    read("kubelet.service"),
		"common/etc/systemd/system/containerd.service": string(containerdUnit.Render(unit{})),
		"common/etc/containerd/config.toml": string(containerdTOML.Render(
			containerdConfig{Version: 3, Pause: s.images["pause"], CNI: cni})),
		"common/etc/systemd/system/flanneld.service": string(flanneldUnit.Render(unit{
			NodeName: "%H", // systemd's word for the host's name
			Flags: templates.Flags{
				"kube-subnet-mgr": "true", "kubeconfig-file": "/etc/kube-flannel/kubeconfig",
				"iface": "eth1", "ip-masq": "true",
				"net-config-path": "/etc/kube-flannel/net-conf.json",
			},
		})),
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

// cniPlaces are where kubeadm's hosts have the network of pods.
type cniPlaces struct{ Dir, Name, Bin string }

var cni = cniPlaces{Dir: "/etc/cni/net.d", Name: "10-flannel.conflist", Bin: "/opt/cni/bin"}

// flannelConfig is the data of its template, for IPv4 and the MTU of the interface.
type flannelConfig struct {
	Pods, IPv6 netip.Prefix
	Backend    string
	Port, MTU  int
}
