package components

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// recipes has the go.mod of every component that is compiled.
//
//go:embed recipes
var recipes embed.FS

// oldest is the oldest minor version of Kubernetes that can be built.
const oldest = "1.33"

// followers are the versions of what follows Kubernetes, by its minor versions. The older ones are
// what a chain of upgrades begins with. There is no module of metrics-server 0.8.1.
var followers = map[string]struct{ etcd, metricsServer, pause string }{
	oldest: {etcd: "v3.5.33", metricsServer: "v0.8.0", pause: "3.10"},
	"1.34": {etcd: "v3.6.14", metricsServer: "v0.9.0", pause: "3.10.1"},
	"1.35": {etcd: "v3.6.14", metricsServer: "v0.9.0", pause: "3.10.1"},
	"1.36": {etcd: "v3.6.14", metricsServer: "v0.9.0", pause: "3.10.2"},
}

// The versions of what does not follow Kubernetes. Like the followers they are the defaults of the
// product, so that what it installs without being asked is what was tried; a test holds them
// together. Those of tini and busybox are what Debian 12 packages.
const (
	containerdVersion      = "v2.4.1"
	runcVersion            = "v1.5.2"
	cniVersion             = "v1.9.1"
	flannelVersion         = "v0.28.4"
	kubeRouterVersion      = "v2.1.0"
	localPathVersion       = "v0.0.30"
	registryVersion        = "v3.1.1"
	victoriaLogsVersion    = "v1.52.2"
	victoriaMetricsVersion = "v1.148.9"
	nodeExporterVersion    = "v1.12.1"
	traefikVersion         = "v3.7.13"
	corednsVersion         = "v1.14.7"
	dockerVersion          = "v29.8.2"
	tiniVersion            = "0.19.0"
	busyboxVersion         = "1.35.0"
	busyboxTag             = "1.36.1" // the name that the tests ask for, whatever version is inside
)

// mobyVersion is the module with the daemon of Docker 29.8.1. There is none of 29.8.2, which the
// daemon calls itself here, as the file does whose place it takes.
const mobyVersion = "v2.0.0-beta.24"

// UnknownVersion is the error of Build for a version of Kubernetes that the catalogue has no recipe
// for.
type UnknownVersion struct {
	Version string // as it was given
}

func (e UnknownVersion) Error() string { return fmt.Sprintf("no recipe for Kubernetes %q", e.Version) }

// Hint says which versions there are.
func (e UnknownVersion) Hint() string {
	all := slices.Sorted(maps.Keys(followers))
	return fmt.Sprintf("%s.x to %s.x can be built, for example %s", all[0], all[len(all)-1], DefaultKubernetes)
}

// catalogue is the list of everything that a cluster of the version needs on the architecture (a
// GOARCH), quickest first.
func catalogue(kubernetesVersion, arch string) ([]recipe, error) {
	if kubernetesVersion == "" {
		kubernetesVersion = DefaultKubernetes
	}
	k8s := "v" + strings.TrimPrefix(kubernetesVersion, "v")
	follower, ok := followers[minorOf(k8s)]
	if !ok {
		return nil, UnknownVersion{kubernetesVersion}
	}
	machine, ok := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]
	if !ok {
		return nil, fmt.Errorf("no recipe for the architecture %s: known are amd64 and arm64", arch)
	}
	return []recipe{
		pause(follower.pause),
		busybox(),
		greeting(),
		redis(),
		php(),
		runc(arch),
		cni(arch),
		etcd(follower.etcd, arch),
		containerd(arch),
		flannel(arch),
		kubeRouter(arch),
		coredns(),
		localPath(),
		registry(arch),
		victoriaLogs("victoria-logs"),
		victoriaLogs("vlagent"),
		nodeExporter(),
		victoriaMetrics("victoria-metrics"),
		victoriaMetrics("vmagent"),
		victoriaMetrics("vmalert"),
		metricsServer(follower.metricsServer),
		traefik(),
		docker(machine),
		kubernetes(k8s, arch),
		agnhost(), // after what it shares compiled packages with
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

// Named are the versions that inventories of the lab name, because they are not the product's
// defaults: those are not published as modules.
func Named(kubernetesVersion string) map[string]string {
	named := map[string]string{
		"kube-router": kubeRouterVersion, "local-path-provisioner": localPathVersion,
		"victoria-logs": victoriaLogsVersion, "vlagent": victoriaLogsVersion,
	}
	if follower := followers[minorOf(kubernetesVersion)]; follower.metricsServer == "v0.8.0" {
		named["metrics-server"] = follower.metricsServer
	}
	return named
}

// minorOf returns the minor version, such as "1.36", of a patch of it; empty for what is none.
func minorOf(kubernetesVersion string) string {
	parts := regexp.MustCompile(`^v?(1\.[0-9]+)\.[0-9]+$`).FindStringSubmatch(kubernetesVersion)
	if parts == nil {
		return ""
	}
	return parts[1]
}

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
