//go:build e2e

package e2e

import "testing"

// nfsRefused asks for NFS on hosts whose kernel has no client: that is found before any change.
func nfsRefused(t *testing.T, l *lab) {
	l.edit("addons: {", "addons: {nfs: {enabled: true}, ")
	l.exits(5, "up", "-i", l.inventory).says(t, "KernelModules", "a client of NFS, which addons.nfs needs")
	l.edit("nfs: {enabled: true}, ", "")
	l.upAgain()
}
