package draft

import (
	"slices"
	"strings"
	"unicode"

	"kbootstrap/inventory"
)

// leading are the words in names of hosts that mean a control plane.
var leading = []string{"cp", "control", "controlplane", "master", "kubemaster", "kmaster", "k8smaster"}

// proposeRoles returns the roles of the hosts in their order. What the source says wins, then names
// such as cp1 and master-2; else the first host is the control plane, or the first three of six or
// more.
func proposeRoles(hosts []Host, names []string) [][]inventory.Role {
	roles := make([][]inventory.Role, len(hosts))
	if slices.ContainsFunc(hosts, func(h Host) bool { return h.Roles != nil }) {
		for i, h := range hosts {
			roles[i] = h.Roles
		}
		return withEtcd(roles)
	}
	for i := range hosts {
		switch {
		case hasWord(names[i], leading):
			roles[i] = []inventory.Role{inventory.ControlPlane}
		case hasWord(names[i], []string{"etcd"}):
			roles[i] = []inventory.Role{inventory.Etcd}
		}
	}
	if !slices.ContainsFunc(roles, isControlPlane) {
		lead := 1
		if len(hosts) >= 6 {
			lead = 3
		}
		for i := 0; i < len(roles) && lead > 0; i++ {
			if roles[i] == nil {
				roles[i], lead = []inventory.Role{inventory.ControlPlane}, lead-1
			}
		}
	}
	workers := 0
	for i := range roles {
		if roles[i] == nil {
			roles[i], workers = []inventory.Role{inventory.Worker}, workers+1
		}
	}
	for i := range roles {
		if workers == 0 && isControlPlane(roles[i]) { // pods need a host
			roles[i] = append(roles[i], inventory.Worker)
		}
	}
	return withEtcd(roles)
}

func isControlPlane(roles []inventory.Role) bool {
	return slices.Contains(roles, inventory.ControlPlane)
}

// withEtcd makes etcd members of the control planes if there is no member yet: of all, or of all
// but the last where that is an even number.
func withEtcd(roles [][]inventory.Role) [][]inventory.Role {
	planes := 0
	for _, r := range roles {
		if slices.Contains(r, inventory.Etcd) {
			return roles
		}
		if isControlPlane(r) {
			planes++
		}
	}
	members := min(planes-1+planes%2, 7)
	for i, r := range roles {
		if isControlPlane(r) && members > 0 {
			roles[i], members = append([]inventory.Role{inventory.Etcd}, r...), members-1
		}
	}
	return roles
}

// hasWord reports whether a name has one of the words, set off by anything but letters, or by "k8s"
// before it.
func hasWord(name string, words []string) bool {
	parts := strings.FieldsFunc(strings.ReplaceAll(strings.ToLower(name), "k8s", "-"), func(r rune) bool {
		return !unicode.IsLetter(r)
	})
	return slices.ContainsFunc(parts, func(part string) bool { return slices.Contains(words, part) })
}
