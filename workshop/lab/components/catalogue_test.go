package components

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// The URLs are the contract with the rest of the tool, which fetches by them.
func TestCatalogueURLs(t *testing.T) {
	recipes, err := catalogue("1.36.3", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range recipes {
		for _, a := range r.Artifacts {
			got = append(got, a.URL)
		}
	}
	slices.Sort(got)
	want := strings.Fields(`
		https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kube-apiserver
		https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kube-controller-manager
		https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kube-proxy
		https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kube-scheduler
		https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubeadm
		https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubectl
		https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet
		https://docker.io/library/busybox/1.36.1.tar
		https://docker.io/library/php/8.2-cli.tar
		https://docker.io/library/redis/7.0.15.tar
		https://docker.io/library/traefik/v3.7.13.tar
		https://docker.io/rancher/local-path-provisioner/v0.0.30.tar
		https://docker.io/victoriametrics/victoria-logs/v1.52.2.tar
		https://docker.io/victoriametrics/victoria-metrics/v1.148.9.tar
		https://docker.io/victoriametrics/vlagent/v1.52.2.tar
		https://docker.io/victoriametrics/vmagent/v1.148.9.tar
		https://docker.io/victoriametrics/vmalert/v1.148.9.tar
		https://download.docker.com/linux/static/stable/x86_64/docker-29.8.2.tgz
		https://github.com/cloudnativelabs/kube-router/releases/download/v2.1.0/kube-router_2.1.0_linux_amd64.tar.gz
		https://github.com/containerd/containerd/releases/download/v2.4.1/containerd-static-2.4.1-linux-amd64.tar.gz
		https://github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz
		https://github.com/distribution/distribution/releases/download/v3.1.1/registry_3.1.1_linux_amd64.tar.gz
		https://github.com/etcd-io/etcd/releases/download/v3.6.14/etcd-v3.6.14-linux-amd64.tar.gz
		https://github.com/flannel-io/flannel/releases/download/v0.28.4/flannel-v0.28.4-linux-amd64.tar.gz
		https://github.com/opencontainers/runc/releases/download/v1.5.2/runc.amd64
		https://lab.invalid/greeting/1.tar
		https://quay.io/prometheus/node-exporter/v1.12.1.tar
		https://registry.k8s.io/coredns/coredns/v1.14.7.tar
		https://registry.k8s.io/e2e-test-images/agnhost/2.63.0.tar
		https://registry.k8s.io/metrics-server/metrics-server/v0.9.0.tar
		https://registry.k8s.io/pause/3.10.2.tar`)
	if !slices.Equal(got, want) {
		t.Errorf("URLs:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Two versions of Kubernetes share one mirror: where they name the same artifact, it must be by the
// same recipe, or each would replace what the other built.
func TestVersionsShareTheMirror(t *testing.T) {
	made := make(map[string]string)
	records := make(map[string]string)
	for _, version := range []string{"v1.33.13", "v1.34.4", "v1.35.4", "v1.36.1", "v1.36.3"} {
		recipes, err := catalogue(version, "amd64")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range recipes {
			digest, err := r.digest()
			if err != nil {
				t.Fatal(err)
			}
			record := mirror{"/m"}.recordPath(r)
			if other, ok := records[record]; ok && other != digest {
				t.Errorf("%s: the recipe of %s differs, and its record is the same", version, r)
			}
			records[record] = digest
			for _, a := range r.Artifacts {
				path, err := a.path()
				if err != nil {
					t.Errorf("%s: %v", r, err)
				}
				if other, ok := made[path]; ok && other != digest {
					t.Errorf("%s: two recipes make %s", version, path)
				}
				made[path] = digest
			}
		}
	}
}

// TestLabRunsTheDefaults: what the product installs without being asked is what the lab builds.
func TestLabRunsTheDefaults(t *testing.T) {
	for _, version := range []string{"v1.33.13", "v1.34.4", "v1.35.4", "v1.36.3"} {
		lab, err := Versions(version)
		if err != nil {
			t.Fatal(err)
		}
		defaults, err := release.Versions(&inventory.Cluster{Kubernetes: version}, component.Sources())
		if err != nil {
			t.Fatal(err)
		}
		delete(defaults, "cri-dockerd") // it is not published as a module
		delete(defaults, "headlamp")    // nor is this
		for name := range Named(version) {
			delete(defaults, name) // nor are these versions
		}
		for name, want := range defaults {
			if want = number(want); lab[name] != want {
				t.Errorf("%s: %s is %s by default, and the lab builds %q", version, name, want, lab[name])
			}
		}
	}
}

func TestCatalogueRefuses(t *testing.T) {
	for _, c := range []struct{ version, arch string }{
		{"1.36", "amd64"},
		{"v1.36.3/../..", "amd64"},
		{"v1.12.0", "amd64"},
		{"v1.36.3", "riscv64"},
	} {
		_, err := catalogue(c.version, c.arch)
		if err == nil {
			t.Errorf("catalogue(%q, %q): no error", c.version, c.arch)
		}
		var unknown UnknownVersion
		if errors.As(err, &unknown) != (c.arch == "amd64") {
			t.Errorf("catalogue(%q, %q): error is %v", c.version, c.arch, err)
		}
	}
}

// Whatever a recipe says is part of its digest: a change that the digest missed would leave the old
// artifact in every mirror.
func TestDigestCoversTheRecipe(t *testing.T) {
	base := func() recipe {
		return recipe{
			Name: "etcd", Version: "v1", Takes: 1 * time.Second,
			Source:    goModule{Path: "p", Version: "v1", GoMod: "go 1.24", Set: map[string]string{"a": "b", "c": "d"}},
			Checks:    []check{{[]string{"etcd", "--version"}, "1"}},
			Artifacts: []artifact{{"https://a/b", program{"etcd"}}},
		}
	}
	digest := func(r recipe) string {
		d, err := r.digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	want := digest(base())
	if again := digest(base()); again != want {
		t.Errorf("the same recipe has the digests %s and %s", want, again)
	}
	slower := base()
	slower.Takes = 2 * time.Second
	if digest(slower) != want {
		t.Error("the digest depends on how long a build takes")
	}
	for name, change := range map[string]func(*recipe){
		"version":  func(r *recipe) { r.Version = "v2" },
		"go.mod":   func(r *recipe) { g := r.Source.(goModule); g.GoMod = "go 1.25"; r.Source = g },
		"variable": func(r *recipe) { g := r.Source.(goModule); g.Set["a"] = "x"; r.Source = g },
		"cgo":      func(r *recipe) { g := r.Source.(goModule); g.Cgo = true; r.Source = g },
		"source":   func(r *recipe) { r.Source = debianPackages{} },
		"check":    func(r *recipe) { r.Checks[0].Want = "2" },
		"url":      func(r *recipe) { r.Artifacts[0].URL = "https://a/c" },
		"packing":  func(r *recipe) { r.Artifacts[0].Packing = archive{[]member{{"etcd", "etcd"}}} },
		"program":  func(r *recipe) { r.Artifacts[0].Packing = program{"etcdctl"} },
	} {
		r := base()
		change(&r)
		if digest(r) == want {
			t.Errorf("%s: changed, and the digest is the same", name)
		}
	}
}

func TestArtifactPathStaysInTheMirror(t *testing.T) {
	for _, url := range []string{
		"http://a/b", "https://a/../../etc/passwd", "https:///etc/passwd", "/etc/passwd", "https://../x", "%zz",
	} {
		if path, err := (artifact{URL: url}).path(); err == nil {
			t.Errorf("%s: path %s, want an error", url, path)
		}
	}
	path, err := artifact{URL: "https://dl.k8s.io/release/v1/kubelet"}.path()
	if err != nil || path != "dl.k8s.io/release/v1/kubelet" {
		t.Errorf("path %q, error %v", path, err)
	}
}
