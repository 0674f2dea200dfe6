package component

import "kbootstrap/resource"

// images are on every host before a pod asks for them, so that no registry is needed.
var images = Component{
	Name:  "images",
	On:    everywhere,
	After: []string{"containerd"},
	Turn:  Late,
	Resources: func(t Target) []resource.Resource {
		rs := t.programs("containerd", "/usr/local/bin", "ctr")
		for _, name := range []string{"pause", "coredns"} {
			content, err := t.Release.Content("image/" + name)
			if err != nil {
				panic("provision: " + err.Error())
			}
			rs = append(rs, resource.Image{
				Ref: t.Release.Image(name), Blob: content.SHA256, Size: content.Size,
				Socket: containerdSocket, Namespace: "k8s.io", Program: "/usr/local/bin/ctr",
				Local: t.containerd2(), Pinned: t.containerd2(),
			})
		}
		return rs
	},
}
