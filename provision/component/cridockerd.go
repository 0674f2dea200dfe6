package component

import (
	"time"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// criDockerd lets the kubelet talk to docker, which Kubernetes itself has not done since 1.24.
var criDockerd = Component{
	Name:     "cri-dockerd",
	OfNode:   true,
	Disturbs: true,
	On:       func(t Target) bool { return hasCRIDockerd(t.Cluster) },
	After:    []string{"docker"},
	Units:    []string{"cri-dockerd.service"},
	Sources: []release.Source{{
		Component: "cri-dockerd", Version: "0.3.26", Archive: true, Directory: "cri-dockerd/", Needed: hasCRIDockerd,
		URL:      "https://github.com/Mirantis/cri-dockerd/releases/download/v{version}/cri-dockerd-{version}.{arch}.tgz",
		Programs: []string{"cri-dockerd"},
	}},
	Direct:  true,
	Sandbox: criDockerdSandbox,
	Resources: func(t Target) []resource.Resource {
		flags := templates.Flags{
			"container-runtime-endpoint": "unix://" + criDockerdSocket,
			"network-plugin":             "cni",
			"cni-conf-dir":               cni.Dir,
			"cni-bin-dir":                cni.Bin,
			"pod-infra-container-image":  t.Release.Image("pause"),
		}
		if t.Cluster.Network.IsDualStack() {
			flags["ipv6-dual-stack"] = "true"
		}
		return list(
			t.service("cri-dockerd.service", nil,
				t.programs("cri-dockerd", "/usr/local/bin", "cri-dockerd"),
				one(unit("cri-dockerd.service", criDockerdUnit.Render(daemon{
					Flags: flags, Sandbox: criDockerdSandbox(t),
				}))),
			),
			one(resource.Ready{
				Name: "cri-dockerd answers", URL: "unix://" + criDockerdSocket, Unit: "cri-dockerd.service",
				Timeout: 120 * time.Second,
			}),
		)
	},
}

// criDockerdSandbox leaves cri-dockerd its host, as that of containerd does.
func criDockerdSandbox(t Target) templates.Sandbox { return t.sandbox(templates.Sandbox{Open: true}) }

var criDockerdUnit = templates.New[daemon]("cri-dockerd.service.tmpl")

// hasCRIDockerd reports whether the kubelets of a cluster talk to docker.
func hasCRIDockerd(c *inventory.Cluster) bool { return c.CRI == "dockerd" }
