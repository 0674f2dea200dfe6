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

// The versions of what does not follow Kubernetes. They are the defaults of the product, so that
// what it installs without being asked is what was tried; a test holds them together. Those of tini
// and busybox are what Debian 12 packages.
const (
	etcdVersion            = "v3.6.14"
	containerdVersion      = "v2.4.1"
	runcVersion            = "v1.5.2"
	cniVersion             = "v1.9.1"
	flannelVersion         = "v0.28.4"
	metricsServerVersion   = "v0.9.0"
	KubeRouterVersion      = "v2.1.0"
	LocalPathVersion       = "v0.0.30"
	registryVersion        = "v3.1.1"
	VictoriaLogsVersion    = "v1.52.2"
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
	pauseVersion, ok := map[string]string{"1.35": "3.10.1", "1.36": "3.10.2"}[parts[1]]
	if !ok {
		return nil, UnknownVersion{kubernetesVersion}
	}
	machine, ok := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]
	if !ok {
		return nil, fmt.Errorf("no recipe for the architecture %s: known are amd64 and arm64", arch)
	}
	return []recipe{
		pause(pauseVersion),
		busybox(),
		greeting(),
		redis(),
		php(),
		runc(arch),
		cni(arch),
		etcd(arch),
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
		metricsServer(),
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
