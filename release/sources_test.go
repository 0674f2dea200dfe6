package release

import "kbootstrap/inventory"

// testSources have an artifact of each shape: programs that are published one by one, archives with
// and without a directory, one that only some clusters need, one whose project publishes no sum,
// and images. The real ones are in package component, which imports this one; list_test.go is about
// them.
func testSources() []Source {
	program := func(name string) Source {
		return Source{
			Component: "kubernetes", URL: "https://dl.example.com/v{version}/{arch}/" + name, Programs: []string{name},
		}
	}
	return []Source{
		program("kube-apiserver"),
		program("kubelet"),
		{
			Component: "etcd", URL: "https://example.com/etcd/etcd-v{version}-{arch}.tar.gz",
			Archive: true, Directory: "etcd-v{version}-linux-{arch}/", Programs: []string{"etcd", "etcdctl"},
		},
		{
			Component: "runc", Version: "1.1.5", URL: "https://example.com/runc/v{version}/runc.{arch}",
			Programs: []string{"runc"},
		},
		{
			Component: "cni-plugins", Version: "1.9.1", URL: "https://example.com/cni/v{version}-{arch}.tgz",
			Archive: true, Programs: []string{"bridge", "loopback"},
		},
		{
			Component: "flannel", Version: "0.28.4", URL: "https://example.com/flannel/v{version}-{arch}.tar.gz",
			Archive: true, Programs: []string{"flanneld"},
			Image: "ghcr.io/flannel-io/flannel:v{version}", ImageDirectory: "opt/bin/",
		},
		{
			Component: "cri-dockerd", Version: "0.3.26", URL: "https://example.com/cri-dockerd/{version}/{machine}.tgz",
			Archive: true, Directory: "cri-dockerd/", Programs: []string{"cri-dockerd"},
			Needed: func(c *inventory.Cluster) bool { return c.CRI == "dockerd" },
		},
		{Component: "coredns", Image: "registry.k8s.io/coredns/coredns:v{version}"},
		{Component: "pause", Image: "registry.k8s.io/pause:{version}"},
	}
}

// options are those of most tests: a cache of the test's own, and an upstream that is not asked for
// long.
func (u *upstream) options(cacheDir string) Options {
	return Options{Sources: testSources(), CacheDir: cacheDir, HTTP: u.client(), retry: fastRetry}
}
