package component

import (
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// tools are for the people who log in: kubectl on control planes, and what an etcd member is
// operated with.
var tools = Component{
	Name:    "tools",
	On:      func(t Target) bool { return t.Has(inventory.ControlPlane) || t.Has(inventory.Etcd) },
	After:   []string{"base"},
	Sources: []release.Source{kubernetesProgram("kubectl", "kube-apiserver")},
	Resources: func(t Target) []resource.Resource {
		var rs []resource.Resource
		if t.Has(inventory.ControlPlane) {
			rs = append(rs, t.programs("kubernetes", "/usr/local/bin", "kubectl")...)
		}
		if t.Has(inventory.Etcd) {
			rs = append(rs, t.programs("etcd", "/usr/local/bin", "etcdctl", "etcdutl")...)
		}
		return rs
	},
}
