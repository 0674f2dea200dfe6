package draft

import (
	"cmp"
	"maps"
	"slices"

	"kbootstrap/inventory"
)

// rolesOfGroups are the groups that mean a role, as kubespray and others call them.
var rolesOfGroups = []struct {
	role  inventory.Role
	names []string
}{
	{inventory.Etcd, []string{"etcd"}},
	{inventory.ControlPlane, []string{
		"kube_control_plane", "kube-master", "kube_master", "control_plane", "controlplane", "control-plane",
		"control_planes", "controllers", "master", "masters", "k8s_master", "k8s_masters",
	}},
	{inventory.Worker, []string{
		"kube_node", "kube-node", "kube_nodes", "node", "nodes", "worker", "workers", "k8s_node", "k8s_nodes",
		"k8s_worker", "k8s_workers",
	}},
}

// roles returns the roles of hosts by their groups. It is nil if no group says who the control
// planes are.
func (r *ansible) roles() map[string][]inventory.Role {
	roles := map[string][]inventory.Role{}
	hasLead := false
	for _, of := range rolesOfGroups {
		for _, name := range of.names {
			for _, host := range r.members(name) {
				if !slices.Contains(roles[host], of.role) {
					roles[host] = append(roles[host], of.role)
				}
				hasLead = hasLead || of.role == inventory.ControlPlane
			}
		}
	}
	if !hasLead {
		return nil
	}
	return roles
}

// members returns the hosts of a group and of those below it.
func (r *ansible) members(name string) []string {
	var hosts []string
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		g := r.groups[name]
		if g == nil || seen[name] {
			return
		}
		seen[name] = true
		hosts = append(hosts, g.hosts...)
		for _, child := range g.children {
			visit(child)
		}
	}
	visit(name)
	return hosts
}

// holding returns the variables of a host: those of its groups, the nearer after the farther, and
// then its own.
func (r *ansible) holding(host string) variables {
	vars := variables{}
	maps.Copy(vars, r.groups["all"].vars)
	depth := map[string]int{}
	for name := range r.groups {
		if name != "all" && slices.Contains(r.members(name), host) {
			depth[name] = r.depth(name, map[string]bool{})
		}
	}
	names := slices.SortedFunc(maps.Keys(depth), func(a, b string) int {
		return cmp.Or(cmp.Compare(depth[a], depth[b]), cmp.Compare(a, b))
	})
	for _, name := range names {
		maps.Copy(vars, r.groups[name].vars)
	}
	maps.Copy(vars, r.vars[host])
	return vars
}

// depth is how many groups lie above one, on the longest way.
func (r *ansible) depth(name string, above map[string]bool) int {
	if above[name] {
		return 0 // groups that contain each other
	}
	above[name] = true
	defer delete(above, name)
	deepest := 0
	for parent, g := range r.groups {
		if parent != "all" && slices.Contains(g.children, name) {
			deepest = max(deepest, 1+r.depth(parent, above))
		}
	}
	return deepest
}
