package components

import (
	"strings"
	"time"
)

// kubernetes are the programs of the control plane and the node. kubeadm is not used by the
// product: the benchmark compares with it.
func kubernetes(version, arch string) recipe {
	programs := []string{
		"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl", "kubeadm",
	}
	source := goModule{
		Path: "k8s.io/kubernetes", Version: version, GoMod: goMod("kubernetes"), Set: make(map[string]string),
	}
	r := recipe{Name: "kubernetes", Version: version, Takes: 6 * time.Minute}
	for _, p := range programs {
		source.Packages = append(source.Packages, "k8s.io/kubernetes/cmd/"+p)
		argv := []string{p, "--version"}
		switch p {
		case "kubectl":
			argv = []string{p, "version", "--client"}
		case "kubeadm":
			argv = []string{p, "version", "--output=short"}
		}
		r.Checks = append(r.Checks, check{argv, version})
		url := "https://dl.k8s.io/release/" + version + "/bin/linux/" + arch + "/" + p
		if p == "kubeadm" {
			r.BenchmarkOnly = url
		}
		r.Artifacts = append(r.Artifacts, artifact{url, program{p}})
	}
	// The same variables that upstream's hack/lib/version.sh sets. client-go has a copy of its own.
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		source.Set[pkg+".gitVersion"] = version
		source.Set[pkg+".gitMajor"], source.Set[pkg+".gitMinor"] = "1", strings.Split(version, ".")[1]
		source.Set[pkg+".gitTreeState"] = "clean"
	}
	r.Source = source
	return r
}
