package release

import (
	"strings"

	"kbootstrap/inventory"
)

// Source is where one artifact of a component comes from: an archive, a program, an image, or the
// programs in an image. In its
// texts {version} stands for the version without a leading v, {arch} for the architecture as Go
// names it (amd64, arm64) and {machine} for the same as `uname -m` names it (x86_64, aarch64).
type Source struct {
	// Component is the key under `versions` of an inventory, or "kubernetes".
	Component string
	// Version is the default, without a leading v; "" when it follows the minor version of
	// Kubernetes.
	Version string
	// URL is upstream's; it also names the artifact in locks and in mirrors. It is empty for an
	// image.
	URL string
	// Programs are the files that are wanted.
	Programs []string
	// Archive says that the file behind the URL is a gzipped tar with the programs, and not the one
	// program itself.
	Archive bool
	// Directory is where the programs lie in an archive, with a slash at its end; "" for its top.
	Directory string
	// Image is the full name of an image, such as "registry.k8s.io/pause:{version}". With Programs
	// these are taken out of the image: always when there is no URL, else when the sum of the file
	// behind the URL is not known, the digest of the image is, and no mirror has the file.
	Image string
	// ImageDirectory is where the programs lie in the image, with a slash at its end.
	ImageDirectory string
	// Needed reports whether a cluster needs the artifact; nil means that every cluster does.
	Needed func(*inventory.Cluster) bool
	// Like are contents that the programs have much of their code in common with, the likest first,
	// such as "kube-apiserver": a host that got one of them before gets less. The last may be
	// Nothing. The other programs of an archive are like its first.
	Like []string
	// Verb is the verb of the tool that alone needs the artifact, such as "verify"; "" for what
	// clusters are made of.
	Verb string
}

// VersionOf is the version in the name of an image of the source, without a leading v; empty for
// every other text.
func (s Source) VersionOf(image string) string {
	before, after, _ := strings.Cut(s.Image, "{version}")
	rest, ours := strings.CutPrefix(image, before)
	version, end := strings.CutSuffix(rest, after)
	if s.Image == "" || !ours || !end {
		return ""
	}
	return version
}
