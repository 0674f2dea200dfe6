//go:build ignore

// Command sumsgen writes sums.txt from the two upstream tables that collect the sha256 sums of the
// releases:
//
//	go run sumsgen.go -kubernetes kubernetes-sha256.yaml -components components-sha256.yaml > sums.txt
//
// The first maps version -> architecture -> binary to a sum, the second maps component ->
// architecture -> version to "sha256:<sum>". Where both know a sum they must agree.
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
# and kubelet and kubectl a second time: the two agree on every version here). Data under Apache-2.0.
# component version architecture sum...
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
}

var architectures = []string{"amd64", "arm64"}

func main() {
	kubernetesFile := flag.String("kubernetes", "", "table of the Kubernetes binaries")
	componentsFile := flag.String("components", "", "table of the other components")
	flag.Parse()
	text, err := generate(*kubernetesFile, *componentsFile)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(text)
}

// generate is the text of sums.txt, whole or not at all.
func generate(kubernetesFile, componentsFile string) (string, error) {
	kubernetes, err := load(kubernetesFile)
	if err != nil {
		return "", err
	}
	components, err := load(componentsFile)
	if err != nil {
		return "", err
	}
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
	return out.String(), nil
}

// load reads a table of three levels.
func load(path string) (map[string]map[string]map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	table := map[string]map[string]map[string]string{}
	if err := yaml.Unmarshal(text, &table); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return table, nil
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
	for i, part := range strings.SplitN(version, ".", 3) {
		n[i], _ = strconv.Atoi(part)
	}
	return n
}
