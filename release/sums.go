package release

import (
	_ "embed"
	"slices"
	"strings"
)

//go:generate sh -c "go run sumsgen.go -kubernetes \"$KUBERNETES_SUMS\" -components \"$COMPONENT_SUMS\" > sums.txt"

// sums has the sha256 sums of upstream's releases; its head says where they are from.
//
//go:embed sums.txt
var sums string

// kubernetesBinaries are the columns of sums.txt on a line of Kubernetes, whose sums are by binary.
var kubernetesBinaries = []string{
	"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl",
}

// builtIn returns the sum of an artifact that is built into the tool, or "" when there is none:
// projects that publish no sums (flannel, docker), images, and versions newer than the tool.
func builtIn(a artifact) string {
	line := "\n" + a.component + " " + strings.TrimPrefix(a.version, "v") + " " + a.arch + " "
	_, rest, ok := strings.Cut(sums, line)
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "\n")
	fields := strings.Fields(rest)
	column := 0
	if a.component == "kubernetes" {
		column = slices.Index(kubernetesBinaries, a.members[0].name)
	}
	if column < 0 || column >= len(fields) {
		return ""
	}
	return fields[column]
}
