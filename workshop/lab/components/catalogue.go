package components

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
)

// recipes has the go.mod of every component that is compiled.
//
//go:embed recipes
var recipes embed.FS

// The versions of what does not follow Kubernetes: a set that was seen to work together with 1.35
// and 1.36. Those of runc, Docker, tini and busybox are what Debian 12 packages.
const (
	etcdVersion       = "v3.6.8"
	containerdVersion = "v2.2.0"
	runcVersion       = "1.1.5"
	cniVersion        = "v1.9.1"
	flannelVersion    = "v0.28.4"
	KubeRouterVersion = "v2.1.0"
	dockerVersion     = "20.10.24"
	tiniVersion       = "0.19.0"
	busyboxVersion    = "1.35.0"
	busyboxTag        = "1.36.1" // the name that the tests ask for, whatever version is inside
)

// companions are the images that go with a minor version of Kubernetes: kubeadm of that version
// names them.
type companions struct{ coredns, pause string }

// UnknownVersion is the error of Build for a version of Kubernetes that the catalogue has no recipe
// for.
type UnknownVersion struct {
	Version string // as it was given
}

func (e UnknownVersion) Error() string { return fmt.Sprintf("no recipe for Kubernetes %q", e.Version) }

// Hint says which versions there are.
func (e UnknownVersion) Hint() string {
	return "1.35.x and 1.36.x can be built, for example " + DefaultKubernetes
}

// catalogue is the list of everything that a cluster of the version needs on the architecture (a
// GOARCH), quickest first.
func catalogue(kubernetesVersion, arch string) ([]recipe, error) {
	if kubernetesVersion == "" {
		kubernetesVersion = DefaultKubernetes
	}
	k8s := "v" + strings.TrimPrefix(kubernetesVersion, "v")
	parts := regexp.MustCompile(`^v(1\.[0-9]+)\.[0-9]+$`).FindStringSubmatch(k8s)
	if parts == nil {
		return nil, UnknownVersion{kubernetesVersion}
	}
	with, ok := map[string]companions{
		"1.35": {coredns: "v1.12.4", pause: "3.10.1"},
		"1.36": {coredns: "v1.14.2", pause: "3.10.2"},
	}[parts[1]]
	if !ok {
		return nil, UnknownVersion{kubernetesVersion}
	}
	machine, ok := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]
	if !ok {
		return nil, fmt.Errorf("no recipe for the architecture %s: known are amd64 and arm64", arch)
	}
	return []recipe{
		pause(with.pause),
		busybox(),
		runc(arch),
		docker(machine),
		cni(arch),
		etcd(arch),
		containerd(arch),
		flannel(arch),
		kubeRouter(arch),
		coredns(with.coredns),
		kubernetes(k8s, arch),
	}, nil
}

// goMod is the template of a component's go.mod.
func goMod(name string) string {
	text, err := recipes.ReadFile("recipes/" + name + ".go.mod.tmpl")
	if err != nil {
		panic(err) // the file is embedded: it is missing in no build or in all
	}
	return string(text)
}

// number is a version without its "v", as archives and programs write it.
func number(version string) string { return strings.TrimPrefix(version, "v") }

// Versions are the versions of what the mirror gets for a version of Kubernetes, by the names that
// the product has for components, without a leading v.
func Versions(kubernetesVersion string) (map[string]string, error) {
	recipes, err := catalogue(kubernetesVersion, "amd64")
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for _, r := range recipes {
		versions[r.Name] = number(r.Version)
	}
	return versions, nil
}
