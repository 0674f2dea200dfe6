package component

import (
	"kbootstrap/inventory"
	"kbootstrap/release"
)

// Sources are the artifacts that clusters are made of, in the order in which they are listed. The
// URLs are the projects' own.
//
// The versions that do not follow Kubernetes are the ones that the lab installs and tests, so what
// is installed without asking is what has been tried.
func Sources() []release.Source {
	return []release.Source{
		ofKubernetes("kube-apiserver"),
		ofKubernetes("kube-controller-manager"),
		ofKubernetes("kube-scheduler"),
		ofKubernetes("kube-proxy"),
		ofKubernetes("kubelet"),
		ofKubernetes("kubectl"),
		{
			Component: "etcd",
			URL: "https://github.com/etcd-io/etcd/releases/download/v{version}/" +
				"etcd-v{version}-linux-{arch}.tar.gz",
			Archive: true, Directory: "etcd-v{version}-linux-{arch}/",
			Programs: []string{"etcd", "etcdctl", "etcdutl"},
		},
		{
			Component: "containerd",
			// containerd's own support table has 2.2.0 for all of Kubernetes 1.29 to 1.36.
			Version: "2.2.0",
			// The static build: the other one is linked to a glibc newer than EL7's (2.35 from containerd
			// 2.1 on).
			URL: "https://github.com/containerd/containerd/releases/download/v{version}/" +
				"containerd-static-{version}-linux-{arch}.tar.gz",
			Archive: true, Directory: "bin/",
			Programs: []string{"containerd", "ctr", "containerd-shim-runc-v2"},
		},
		{
			Component: "runc",
			// Debian 12's, which the lab runs. The upstream build of this number lacks the fixes that
			// Debian carries; docs/artifacts.md says so, and which newer ones are pinned.
			Version:  "1.1.5",
			URL:      "https://github.com/opencontainers/runc/releases/download/v{version}/runc.{arch}",
			Programs: []string{"runc"},
		},
		{
			Component: "cni-plugins",
			Version:   "1.9.1",
			URL: "https://github.com/containernetworking/plugins/releases/download/v{version}/" +
				"cni-plugins-linux-{arch}-v{version}.tgz",
			Archive: true,
			// Four of the plugins: all that flannel's network needs. The full set is five times as large.
			Programs: []string{"bridge", "host-local", "loopback", "portmap"},
		},
		{
			Component: "flannel",
			Version:   "0.28.4",
			URL: "https://github.com/flannel-io/flannel/releases/download/v{version}/" +
				"flannel-v{version}-linux-{arch}.tar.gz",
			Archive:  true,
			Programs: []string{"flanneld"},
		},
		{
			Component: "docker",
			// Debian 12's; the same holds as for runc.
			Version: "20.10.24",
			URL:     "https://download.docker.com/linux/static/stable/{machine}/docker-{version}.tgz",
			Archive: true, Directory: "docker/",
			Programs: []string{"dockerd", "docker", "docker-proxy", "docker-init"},
			Needed:   func(c *inventory.Cluster) bool { return c.Runtime == "docker" },
		},
		{
			Component: "cri-dockerd",
			Version:   "0.3.26",
			URL: "https://github.com/Mirantis/cri-dockerd/releases/download/v{version}/" +
				"cri-dockerd-{version}.{arch}.tgz",
			Archive: true, Directory: "cri-dockerd/",
			Programs: []string{"cri-dockerd"},
			Needed:   func(c *inventory.Cluster) bool { return c.CRI == "dockerd" },
		},
		{Component: "coredns", Image: "registry.k8s.io/coredns/coredns:v{version}"},
		{Component: "pause", Image: "registry.k8s.io/pause:{version}"},
	}
}

// ofKubernetes is the source of a program of Kubernetes. They are fetched one by one, because they
// are published so, and their sums are by program.
func ofKubernetes(program string) release.Source {
	return release.Source{
		Component: "kubernetes",
		URL:       "https://dl.k8s.io/release/v{version}/bin/linux/{arch}/" + program,
		Programs:  []string{program},
	}
}
