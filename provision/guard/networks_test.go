package guard

import (
	"net/netip"
	"testing"

	"kbootstrap/inventory"
)

// TestFamilies: what a cluster has of either family is known by the flags of its programs, and one
// that has none is told from one of which nothing is known.
func TestFamilies(t *testing.T) {
	dual := inventory.Network{
		Pods: netip.MustParsePrefix("10.244.0.0/16"), Services: netip.MustParsePrefix("10.96.0.0/12"),
		IPv6: inventory.IPv6{
			Pods: netip.MustParsePrefix("fd00:10:244::/56"), Services: netip.MustParsePrefix("fd00:10:96::/112"),
		},
	}
	single := dual
	single.IPv6 = inventory.IPv6{}
	before := Evidence{Pods: "10.244.0.0/16", Services: "10.96.0.0/12"}
	both := Evidence{Pods: "10.244.0.0/16,fd00:10:244::/56", Services: "10.96.0.0/12,fd00:10:96::/112"}
	for _, test := range []struct {
		name    string
		running Evidence
		wanted  inventory.Network
		refused int
	}{
		{"one as it was", before, single, 0},
		{"both as they were", both, dual, 0},
		{"turned on", before, dual, 2},
		{"turned off", both, single, 2},
		{"nothing is known", Evidence{}, dual, 0},
	} {
		refused := 0
		for _, f := range fixed {
			if is := f.running(test.running); is != "" && is != f.wanted(test.wanted) {
				refused++
			}
		}
		if refused != test.refused {
			t.Errorf("%s: %d settings are refused, want %d", test.name, refused, test.refused)
		}
	}
	if got := again("network.ipv6.pods", none); got != "leave network.ipv6.pods out again" {
		t.Errorf("advice %q", got)
	}
}
