package guard

import (
	"fmt"
	"slices"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
)

// movedRegistry finds a registry that runs on another host than the inventory has it on.
func movedRegistry(s Situation) Refusals {
	registry := s.Cluster.AddOns.Registry
	if !registry.Enabled {
		return nil
	}
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		if h.Name == registry.Host || !slices.Contains(s.Facts[h.Name].Units, component.RegistryUnit) {
			continue
		}
		rs = append(rs, &RefusedError{
			Code: fault.RegistryMoved, Host: h.Name,
			Text: fmt.Sprintf("this host has the registry with its images, and %s has it on %s", s.Cluster.File,
				registry.Host),
			Advice: fmt.Sprintf("set addons.registry.host to %s; the images would not move", h.Name),
		})
	}
	return rs
}
