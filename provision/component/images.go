package component

import (
	"kbootstrap/release"
	"kbootstrap/resource"
)

// images are on every host before a pod asks for them, so that no registry is needed: here those
// that a node and cluster DNS are made of.
var images = Component{
	Name:    "images",
	On:      everywhere,
	After:   []string{"containerd"},
	Sources: []release.Source{{Component: "pause", Image: "registry.k8s.io/pause:{version}"}},
	Resources: func(t Target) []resource.Resource {
		return list(t.programs("containerd", "/usr/local/bin", "ctr"), t.imagesThat(false))
	},
}

// addOnImages are those of add-ons that an inventory can turn off. They come after what makes a
// node, and are aside as the add-ons are. They stay packed: most hosts never run their pods.
var addOnImages = Component{
	Name:  "add-on-images",
	Short: "add-ons",
	On:    everywhere,
	After: []string{"images", "kubelet", "kube-proxy", "flannel", "kube-router"},
	Aside: true,
	Resources: func(t Target) []resource.Resource {
		return t.imagesThat(true)
	},
}

// imagesThat are the images that some clusters do without, or those that all have.
func (t Target) imagesThat(areOptional bool) []resource.Resource {
	var rs []resource.Resource
	for _, name := range t.Release.Images() {
		if t.Release.IsOptional(name) != areOptional {
			continue
		}
		content, err := t.Release.Content("image/" + name)
		if err != nil {
			panic("component: " + err.Error())
		}
		rs = append(rs, resource.Image{
			Ref: t.Release.Image(name), Blob: content.SHA256, Size: content.Size, Digest: content.ImageID,
			Socket: containerdSocket, Namespace: "k8s.io", Program: "/usr/local/bin/ctr",
			Local: t.containerd2(), Pinned: t.containerd2(), Packed: areOptional,
			SyncFS: t.containerdSyncsImages(),
		})
	}
	return rs
}
