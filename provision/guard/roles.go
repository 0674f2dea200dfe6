package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// movedRoles finds hosts that run what the inventory no longer gives them.
func movedRoles(s Situation) Refusals {
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		lost := map[inventory.Role][]string{}
		for _, u := range component.UnitsOfRoles() {
			if slices.Contains(s.Evidence[h.Name].Units, strings.TrimSuffix(u.Unit, ".service")) {
				lost[u.Role] = append(lost[u.Role], strings.TrimSuffix(u.Unit, ".service"))
			}
		}
		for _, role := range []inventory.Role{inventory.Etcd, inventory.ControlPlane} {
			if lost[role] == nil {
				continue
			}
			rs = append(rs, &RefusedError{
				Code: fault.RoleMoved, Host: h.Name,
				Text: fmt.Sprintf("this host has %s, but %s:%d does not give it the role %s",
					strings.Join(lost[role], ", "), s.Cluster.File, h.Line, role),
				Advice: fmt.Sprintf("give the host the role %s again: taking this role from a host of a running "+
					"cluster removes a member, which `up` never does", role),
			})
		}
	}
	return rs
}
