package component

import (
	"slices"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// TestSELinuxIsLeft: with `selinux: leave` no resource is about SELinux.
func TestSELinuxIsLeft(t *testing.T) {
	for mode, want := range map[string]bool{inventory.SELinuxPermissive: true, inventory.SELinuxLeave: false} {
		target := firewallTarget()
		target.Cluster.SELinux = mode
		got := slices.ContainsFunc(base.Resources(target), func(r resource.Resource) bool {
			_, is := r.(resource.SELinux)
			return is
		})
		if got != want {
			t.Errorf("selinux: %s: changed is %t", mode, got)
		}
	}
}
