package preflight

import (
	"net/netip"
	"strings"

	"kbootstrap/host/surroundings"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// directUnits are the services of a host that talk to the cluster alone.
func directUnits(s Scene, h Host) []string {
	var units []string
	for _, service := range component.Services(s.Cluster, h.Host) {
		if service.Direct {
			units = append(units, service.Unit)
		}
	}
	return units
}

// notExcepted returns an address of the cluster that a unit with a proxy would reach through it; it
// is empty where the unit's NO_PROXY names all of them.
func notExcepted(s Scene, settings []surroundings.Setting, unit string) string {
	var excepted string
	for _, set := range settings {
		if set.Of == unit && strings.EqualFold(set.Name, "no_proxy") {
			excepted += "," + set.Value
		}
	}
	needed := []netip.Addr{s.Cluster.ServiceIP(1)}
	for _, p := range s.Cluster.With(inventory.ControlPlane) {
		needed = append(needed, p.Address)
	}
	for _, address := range needed {
		if !isExcepted(address, excepted) {
			return address.String()
		}
	}
	return ""
}

// isExcepted reports whether a NO_PROXY names an address, as Go's programs read it: by itself, by a
// network, or with all others.
func isExcepted(address netip.Addr, excepted string) bool {
	for entry := range strings.SplitSeq(excepted, ",") {
		entry = strings.TrimSpace(entry)
		if prefix, err := netip.ParsePrefix(entry); err == nil && prefix.Contains(address) {
			return true
		}
		if entry == "*" || entry == address.String() {
			return true
		}
	}
	return false
}
