//go:build ignore

// Command sumsgen writes sums.txt from the upstream tables that collect the sha256 sums of the
// releases:
//
//	go run sumsgen.go -kubernetes kubernetes-sha256.yaml -components "components-sha256.yaml more.yaml" > sums.txt
//
// The first maps version -> architecture -> binary to a sum, the others map component ->
// architecture -> version to "sha256:<sum>". Where several know a sum they must agree.
package main

import (
	"flag"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

const header = "# sha256 sums of upstream releases, as their projects publish them next to the files. " +
	"Made by sumsgen.go; do not edit.\n" +
	`# Collected from kubernetes/kops pkg/assets/assetdata (Kubernetes binaries) and from kubespray's checksums (the others,
# and kubelet and kubectl a second time: the two agree on every version here). Data under Apache-2.0. What is newer than
# these, and docker, of which no sums are published, was collected from projects that download and verify the same files;
# the sums of images are the digests of their indexes, from the list of promoted images in kubernetes/k8s.io and from
# projects that pull by digest.
# component version architecture sum... or repository tag "index" digest
`

// columns are the binaries of Kubernetes, in the order of the sums on a line.
var columns = []string{
	"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl",
}

// tables name each component's table, and the oldest major and minor version to take from it.
var tables = []struct {
	component, table string
	major, minor     int
}{
	{"etcd", "etcd_binary_checksums", 3, 5},
	{"containerd", "containerd_static_archive_checksums", 1, 7},
	{"runc", "runc_checksums", 1, 1},
	{"cni-plugins", "cni_binary_checksums", 1, 0},
	{"cri-dockerd", "cri_dockerd_archive_checksums", 0, 3},
	{"docker", "docker_static_checksums", 27, 0},
	{"flannel", "flannel_archive_checksums", 0, 28},
}

// imageTable has the digests of images: repository -> tag -> "sha256:<digest of the index>".
const imageTable = "image_index_digests"

// repositories are the images to take from imageTable.
var repositories = []string{
	"registry.k8s.io/pause", "registry.k8s.io/coredns/coredns", "ghcr.io/flannel-io/flannel",
	"docker.io/cloudnativelabs/kube-router", "registry.k8s.io/networking/kube-network-policies",
	"registry.k8s.io/metrics-server/metrics-server", "docker.io/rancher/local-path-provisioner",
	"docker.io/library/registry", "docker.io/library/traefik", "ghcr.io/headlamp-k8s/headlamp",
}

var architectures = []string{"amd64", "arm64"}

func main() {
	kubernetesFile := flag.String("kubernetes", "", "table of the Kubernetes binaries")
	componentsFiles := flag.String("components", "", "tables of the other components, with spaces between them")
	flag.Parse()
	text, err := generate(*kubernetesFile, strings.Fields(*componentsFiles))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(text)
}

// generate is the text of sums.txt, whole or not at all.
func generate(kubernetesFile string, componentsFiles []string) (string, error) {
	kubernetes, err := load(kubernetesFile)
	if err != nil {
		return "", err
	}
	components := table{}
	for _, file := range componentsFiles {
		more, err := load(file)
		if err != nil {
			return "", err
		}
		if err := merge(components, more); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
	}
	addKubernetes(kubernetes, components)
	out := &strings.Builder{}
	fmt.Fprint(out, header)
	fmt.Fprintf(out, "# kubernetes: %s\n", strings.Join(columns, " "))
	for _, version := range versions(kubernetes, 1, 29) {
		for _, arch := range architectures {
			fmt.Fprintf(out, "kubernetes %s %s", version, arch)
			for _, binary := range columns {
				sum := kubernetes[version][arch][binary]
				other, ok := components[binary+"_checksums"][arch][version]
				if ok && strings.TrimPrefix(other, "sha256:") != sum {
					return "", fmt.Errorf("%s %s %s: the tables disagree", binary, version, arch)
				}
				fmt.Fprintf(out, " %s", sum)
			}
			fmt.Fprintln(out)
		}
	}
	for _, t := range tables {
		table := components[t.table]
		for _, version := range versions(table["amd64"], t.major, t.minor) {
			for _, arch := range architectures {
				if sum, ok := table[arch][version]; ok {
					fmt.Fprintf(out, "%s %s %s %s\n", t.component, version, arch, strings.TrimPrefix(sum, "sha256:"))
				}
			}
		}
	}
	for _, repository := range repositories {
		tags := components[imageTable][repository]
		for _, tag := range versions(tags, 0, 0) {
			fmt.Fprintf(out, "%s %s index %s\n", repository, tag, strings.TrimPrefix(tags[tag], "sha256:"))
		}
	}
	return out.String(), nil
}

// table is a table of three levels.
type table map[string]map[string]map[string]string

// load reads a table.
func load(path string) (table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := table{}
	if err := yaml.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// merge adds a table to all of them.
func merge(all, more table) error {
	for component, archs := range more {
		for arch, versions := range archs {
			for version, sum := range versions {
				if all[component] == nil {
					all[component] = map[string]map[string]string{}
				}
				if all[component][arch] == nil {
					all[component][arch] = map[string]string{}
				}
				if old, ok := all[component][arch][version]; ok && old != sum {
					return fmt.Errorf("%s %s %s: the tables disagree", component, version, arch)
				}
				all[component][arch][version] = sum
			}
		}
	}
	return nil
}

// addKubernetes adds the versions of which the components' tables have all binaries.
func addKubernetes(kubernetes, components table) {
	for version := range components["kube-apiserver_checksums"]["amd64"] {
		if kubernetes[version] != nil {
			continue
		}
		kubernetes[version] = map[string]map[string]string{}
		for _, arch := range architectures {
			sums := map[string]string{}
			for _, binary := range columns {
				if sum, ok := components[binary+"_checksums"][arch][version]; ok {
					sums[binary] = strings.TrimPrefix(sum, "sha256:")
				}
			}
			if len(sums) < len(columns) {
				delete(kubernetes, version)
				break
			}
			kubernetes[version][arch] = sums
		}
	}
}

// versions returns the keys that are at least major.minor, newest first.
func versions[V any](table map[string]V, major, minor int) []string {
	var list []string
	for version := range table {
		n := numbers(version)
		if n[0] > major || n[0] == major && n[1] >= minor {
			list = append(list, version)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := numbers(list[i]), numbers(list[j])
		for k := range a {
			if a[k] != b[k] {
				return a[k] > b[k]
			}
		}
		return false
	})
	return list
}

func numbers(version string) (n [3]int) {
	for i, part := range strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3) {
		n[i], _ = strconv.Atoi(part)
	}
	return n
}
