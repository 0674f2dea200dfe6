package component

import (
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// sharedDir is where a control plane has the shared state directory.
const sharedDir = host.StateDir + "/shared"

// SharedFile is where a control plane has the shared state directory of a cluster.
func SharedFile(cluster string) string { return sharedDir + "/" + cluster + ".kstate" }

// SharedHeader is where a control plane has the first line of the shared state directory alone.
func SharedHeader(cluster string) string { return sharedDir + "/" + cluster + ".json" }

// Sharing is the book of a push: each control plane has the shared state directory, in which no
// secret is in the clear. The line that others go by comes last.
func Sharing(packed, header []byte) []Component {
	return []Component{{
		Name: "shared-state", Short: "share", On: on(inventory.ControlPlane),
		Resources: func(t Target) []resource.Resource {
			return one(
				resource.Dir{Path: sharedDir, Mode: 0o700},
				resource.File{Path: SharedFile(t.Cluster.Name), Mode: 0o600, Content: packed, Secret: true},
				resource.File{Path: SharedHeader(t.Cluster.Name), Mode: 0o600, Content: header},
			)
		},
	}}
}
