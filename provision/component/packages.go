package component

import (
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// Packages are the programs that hosts of the cluster need of their distribution. They are
// installed where they are missing.
func Packages(c *inventory.Cluster) []resource.Package {
	rs := packages(Target{Cluster: c})
	if hasNFS(c) {
		rs = append(rs, nfsPackage)
	}
	var all []resource.Package
	for _, r := range rs {
		if p, ok := r.(resource.Package); ok {
			all = append(all, p)
		}
	}
	return all
}
