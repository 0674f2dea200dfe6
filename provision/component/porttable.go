package component

import (
	"fmt"
	"strings"

	"kbootstrap/inventory"
)

// PortTable is the table of the documentation that says from where each port has to be reached:
// what `firewall: configure` opens in a cluster.
func PortTable(cluster *inventory.Cluster) string {
	var b strings.Builder
	b.WriteString("| Port | On | For | From |\n|---|---|---|---|\n")
	for _, c := range Components() {
		for _, p := range c.Ports {
			ports, from := p.PortsIn(cluster), p.fromText()
			if ports != "" && from != "" {
				fmt.Fprintf(&b, "| %s %s | %s | %s | %s |\n", strings.ToUpper(p.Network), ports, rolesText(c.Role),
					p.name(), from)
			}
		}
	}
	return b.String()
}

// fromText is who reaches the port; empty for a port that no other host needs.
func (p Port) fromText() string {
	if p.World {
		return "anywhere"
	}
	var from []string
	for _, role := range p.admitted() {
		from = append(from, rolesText(role))
	}
	return strings.Join(from, ", ")
}

// rolesText is which hosts have a role.
func rolesText(role inventory.Role) string {
	switch role {
	case inventory.ControlPlane:
		return "control planes"
	case inventory.Etcd:
		return "etcd hosts"
	case inventory.Worker:
		return "workers"
	}
	return "all hosts"
}
