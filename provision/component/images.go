package component

import (
	"kbootstrap/release"
	"kbootstrap/resource"
)

// images are on every host before a pod asks for them, so that no registry is needed.
var images = Component{
	Name:    "images",
	On:      everywhere,
	After:   []string{"containerd"},
	Sources: []release.Source{{Component: "pause", Image: "registry.k8s.io/pause:{version}"}},
	Resources: func(t Target) []resource.Resource {
		rs := t.programs("containerd", "/usr/local/bin", "ctr")
		for _, name := range t.Release.Images() {
			content, err := t.Release.Content("image/" + name)
			if err != nil {
				panic("component: " + err.Error())
			}
			rs = append(rs, resource.Image{
				Ref: t.Release.Image(name), Blob: content.SHA256, Size: content.Size, Digest: content.ImageID,
				Socket: containerdSocket, Namespace: "k8s.io", Program: "/usr/local/bin/ctr",
				Local: t.containerd2(), Pinned: t.containerd2(), SyncFS: t.containerdSyncsImages(),
			})
		}
		return rs
	},
}
