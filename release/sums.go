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

// builtIn returns the sum of an artifact that is built into the tool, or "" when there is none: for
// versions newer than the tool, and for archives of images, which are the tool's own.
func builtIn(a artifact) string {
	fields := tableRow(a.component, strings.TrimPrefix(a.version, "v"), a.arch)
	column := 0
	if a.component == "kubernetes" {
		column = slices.Index(kubernetesBinaries, a.members[0].name)
	}
	if column < 0 || column >= len(fields) {
		return ""
	}
	return fields[column]
}

// builtInIndex returns the digest of the index of an image, in hex, or "" when the tool has none.
// The registry's name for the content is the same on every mirror of the registry, and for every
// architecture.
func builtInIndex(image string) string {
	repository, tag, _ := strings.Cut(image, ":")
	fields := tableRow(repository, tag, "index")
	if len(fields) != 1 {
		return ""
	}
	return fields[0]
}

// tableRow returns the sums on the line of the table that begins with the three words.
func tableRow(component, version, arch string) []string {
	_, rest, ok := strings.Cut(sums, "\n"+component+" "+version+" "+arch+" ")
	if !ok {
		return nil
	}
	rest, _, _ = strings.Cut(rest, "\n")
	return strings.Fields(rest)
}
