package release

import "strings"

// imageName is the full name of an image that the tool brings along.
func imageName(name, version string) string {
	switch name {
	case "coredns":
		return "registry.k8s.io/coredns/coredns:v" + version
	case "pause":
		return "registry.k8s.io/pause:" + version
	}
	return ""
}

// image is the artifact of an image: an archive as `docker save` writes it, of one platform. Registries have no URL for
// that, so this one is the tool's own: the image's name with a slash before the tag. The name is that of the amd64
// image; others have their architecture appended, because a mirror has a file for each.
func image(name, version, arch string) artifact {
	at := "https://" + strings.ReplaceAll(imageName(name, version), ":", "/")
	if arch != "amd64" {
		at += "-" + arch
	}
	return artifact{component: name, url: at + ".tar", image: true, members: []member{{name: "image/" + name}}}
}
