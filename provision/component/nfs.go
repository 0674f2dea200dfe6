package component

import (
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// NFSUnit is the service that keeps the directory of the class `nfs` mounted.
const NFSUnit = "kbootstrap-nfs.service"

const (
	nfsDir     = "/var/lib/kbootstrap-nfs"
	nfsPoint   = nfsDir + "/share" // not nfsDir itself: a removal unmounts what is below a directory of ours
	nfsProgram = ownDir + "/libexec/nfs"
)

// nfsClient is the add-on of volumes on NFS servers: the kubelet mounts them with a program of the
// host. That the kernel can is a matter of Modules.
//
// For the class `nfs` every host has the directory of a server mounted, in which
// local-path-provisioner makes one for each claim.
var nfsClient = Component{
	Name:  "nfs-client",
	Short: "nfs",
	On:    func(t Target) bool { return hasNFS(t.Cluster) },
	After: []string{"base"},
	Units: []string{NFSUnit},
	AddOn: &AddOn{
		Field: "nfs", What: "volumes of NFS servers", IsOn: hasNFS, OnHosts: true,
		Reach: func(c *inventory.Cluster) string {
			if hasNFSClass(c) {
				return "storageClassName: " + inventory.NFSClass
			}
			return "docs/addons.md#nfs"
		},
	},
	Residue: Residue{Data: []string{nfsDir}},
	Sandbox: nfsSandbox,
	Resources: func(t Target) []resource.Resource {
		client := one(nfsPackage)
		if !hasNFSClass(t.Cluster) {
			return list(client, withoutNFSClass())
		}
		a := t.Cluster.AddOns.NFS
		return list(
			client,
			one(resource.Dir{Path: nfsDir}),
			t.service(NFSUnit, nil, one(
				text(nfsProgram, 0o755, nfsScript.Render(nfsData{
					Source: a.Source(), Point: nfsPoint, Options: strings.Join(a.Options, ","),
					Directory: t.Cluster.Name,
				})),
				unit(NFSUnit, nfsService.Render(nfsCommand{Program: nfsProgram, Sandbox: nfsSandbox(t)})),
			)),
			one(resource.Ready{
				Name: "the directory " + a.Source() + " is mounted", URL: "mount://" + nfsPoint, Expect: a.Source(),
				Unit: NFSUnit, Timeout: 60 * time.Second, Every: 250 * time.Millisecond,
			}),
		)
	},
}

// nfsPackage mounts what an NFS server has.
var nfsPackage = resource.Package{Program: "mount.nfs", Apt: "nfs-common", Yum: "nfs-utils"}

// noNFS is a host of a cluster without volumes on NFS servers.
var noNFS = Component{
	Name:      "no-nfs",
	On:        func(t Target) bool { return !hasNFS(t.Cluster) },
	After:     []string{"base"},
	Absence:   true,
	Resources: func(Target) []resource.Resource { return withoutNFSClass() },
}

// withoutNFSClass is a host that has no directory of a server mounted. What is there instead stays:
// pods that have volumes there yet do not start on it.
func withoutNFSClass() []resource.Resource {
	return one(
		resource.Service{Name: NFSUnit},
		resource.File{Path: "/etc/systemd/system/" + NFSUnit, Absent: true},
		resource.File{Path: nfsProgram, Absent: true},
	)
}

// hasNFS reports whether hosts are to mount NFS.
func hasNFS(c *inventory.Cluster) bool { return c.AddOns.NFS.Enabled }

// hasNFSClass reports whether claims get volumes on a server of NFS.
func hasNFSClass(c *inventory.Cluster) bool { return c.AddOns.NFS.HasClass() }

// nfsShare is the directory of the class on every host. Clusters that share a server have one each.
func nfsShare(c *inventory.Cluster) string { return nfsPoint + "/" + c.Name }

// nfsSandbox leaves the service its host: pods see what it mounts.
func nfsSandbox(t Target) templates.Sandbox { return t.sandbox(templates.Sandbox{Open: true}) }

// nfsData is the data of the program.
type nfsData struct {
	Source    string // "192.168.56.20:/srv/nfs"
	Point     string // where it is mounted
	Options   string // of the mount, with commas; "" for none
	Directory string // the name of that of the cluster in it
}

// nfsCommand is the data of its service.
type nfsCommand struct {
	Program string
	Sandbox templates.Sandbox
}

var (
	nfsScript  = templates.New[nfsData]("nfs.sh.tmpl")
	nfsService = templates.New[nfsCommand]("kbootstrap-nfs.service.tmpl")
)
