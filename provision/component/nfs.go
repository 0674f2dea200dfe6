package component

import (
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// nfsClient is the add-on of volumes on NFS servers: the kubelet mounts them with a program of the
// host. That the kernel can is a matter of Modules.
var nfsClient = Component{
	Name:  "nfs-client",
	Short: "nfs",
	On:    func(t Target) bool { return hasNFS(t.Cluster) },
	After: []string{"base"},
	AddOn: &AddOn{
		Field: "nfs", What: "volumes of NFS servers, with PersistentVolumes of your own", IsOn: hasNFS, OnHosts: true,
		Reach: by("docs/addons.md#nfs"),
	},
	Resources: func(Target) []resource.Resource {
		return one(resource.Package{Program: "mount.nfs", Apt: "nfs-common", Yum: "nfs-utils"})
	},
}

// hasNFS reports whether hosts are to mount NFS.
func hasNFS(c *inventory.Cluster) bool { return c.AddOns.NFS.Enabled }
