package release

import (
	"fmt"
	"strings"

	"kbootstrap/inventory"
)

// artifact is one file to fetch, and what is wanted of it.
type artifact struct {
	component string // the key of Cluster.Versions, or "kubernetes"
	version   string // of the component
	url       string // upstream; it also names the artifact in locks and in mirrors
	arch      string
	archive   bool // a gzipped tar whose members are wanted, otherwise the file itself is
	image     bool // an image, pulled from its registry when there is no mirror
	members   []member

	sum    string // sha256, lower case hex; empty until it is pinned
	size   int64  // bytes; 0 when not known
	origin string // where the sum is from: OriginBuiltIn, OriginLock or empty
}

// member is one wanted file.
type member struct {
	name string // of the content
	path string // in the archive; empty when the artifact is no archive
}

// name is the URL without its scheme: the path below a mirror.
func (a artifact) name() string {
	_, name, _ := strings.Cut(a.url, "://")
	return name
}

// kubernetesBinaries are fetched one by one: they are published so, and their sums are by binary. Their order is that
// of the sums in sums.txt.
var kubernetesBinaries = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"}

// dockerArch spells architectures as download.docker.com does.
var dockerArch = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// artifactsFor lists what the cluster needs for hosts of one architecture. The URLs are the projects' own.
func artifactsFor(c *inventory.Cluster, versions map[string]string, arch string) ([]artifact, error) {
	if _, ok := dockerArch[arch]; !ok {
		return nil, fmt.Errorf("architecture %q is not supported; amd64 and arm64 are", arch)
	}
	var list []artifact
	for _, binary := range kubernetesBinaries {
		list = append(list, artifact{
			component: "kubernetes",
			url:       fmt.Sprintf("https://dl.k8s.io/release/%s/bin/linux/%s/%s", c.Kubernetes, arch, binary),
			members:   []member{{name: binary}},
		})
	}
	v := versions["etcd"]
	list = append(list, archive("etcd",
		fmt.Sprintf("https://github.com/etcd-io/etcd/releases/download/v%s/etcd-v%s-linux-%s.tar.gz", v, v, arch),
		fmt.Sprintf("etcd-v%s-linux-%s/", v, arch), "etcd", "etcdctl", "etcdutl"))
	// The static build: the other one is linked to a glibc newer than EL7's (2.35 from containerd 2.1 on).
	v = versions["containerd"]
	list = append(list, archive("containerd",
		fmt.Sprintf("https://github.com/containerd/containerd/releases/download/v%s/containerd-static-%s-linux-%s.tar.gz", v, v, arch),
		"bin/", "containerd", "ctr", "containerd-shim-runc-v2"))
	list = append(list, artifact{
		component: "runc",
		url:       fmt.Sprintf("https://github.com/opencontainers/runc/releases/download/v%s/runc.%s", versions["runc"], arch),
		members:   []member{{name: "runc"}},
	})
	// Four of the plugins: all that flannel's network needs. The full set is five times as large.
	v = versions["cni-plugins"]
	list = append(list, archive("cni-plugins",
		fmt.Sprintf("https://github.com/containernetworking/plugins/releases/download/v%s/cni-plugins-linux-%s-v%s.tgz", v, arch, v),
		"", "bridge", "host-local", "loopback", "portmap"))
	v = versions["flannel"]
	list = append(list, archive("flannel",
		fmt.Sprintf("https://github.com/flannel-io/flannel/releases/download/v%s/flannel-v%s-linux-%s.tar.gz", v, v, arch),
		"", "flanneld"))
	if c.Runtime == "docker" {
		list = append(list, archive("docker",
			fmt.Sprintf("https://download.docker.com/linux/static/stable/%s/docker-%s.tgz", dockerArch[arch], versions["docker"]),
			"docker/", "dockerd", "docker", "docker-proxy", "docker-init"))
	}
	if c.CRI == "dockerd" {
		v = versions["cri-dockerd"]
		list = append(list, archive("cri-dockerd",
			fmt.Sprintf("https://github.com/Mirantis/cri-dockerd/releases/download/v%s/cri-dockerd-%s.%s.tgz", v, v, arch),
			"cri-dockerd/", "cri-dockerd"))
	}
	list = append(list, image("coredns", versions["coredns"], arch), image("pause", versions["pause"], arch))
	for i := range list {
		list[i].arch, list[i].version = arch, versions[list[i].component]
	}
	return list, nil
}

// archive is an artifact whose members all lie in one directory of it.
func archive(component, url, directory string, names ...string) artifact {
	a := artifact{component: component, url: url, archive: true}
	for _, name := range names {
		a.members = append(a.members, member{name: name, path: directory + name})
	}
	return a
}
