package component

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
)

// TestPortsPage: the table in docs/security.md is what the components declare, and who is let in is
// what the firewall computes.
func TestPortsPage(t *testing.T) {
	target := firewallTarget()
	target.Cluster.Network.LocalAPIPort = 7443 // the default of inventory.md
	target.Cluster.AddOns.Registry = inventory.RegistryAddOn{Enabled: true, Port: 5000}
	target.Cluster.AddOns.Ingress = inventory.IngressAddOn{
		Enabled: true, Ports: inventory.HostPorts, HTTP: 80, HTTPS: 443,
	}
	target.Cluster.AddOns.Monitoring.Enabled = true
	var rows []string
	for _, c := range Components() {
		for _, p := range c.Ports {
			rows = append(rows, fmt.Sprintf("| %s/%s | %s | %s | %s | %s |\n", p.PortsIn(target.Cluster),
				p.Network, p.By, p.For, listensOn(p), target.letIn(p)))
		}
	}
	const head = "| port | who listens | what for | where | who is let in |\n|---|---|---|---|---|\n"
	golden.Sections(t, "../../docs/security.md", map[string]string{"ports": head + strings.Join(rows, "")})
}

func listensOn(p Port) string {
	switch {
	case p.Range != nil, p.At != nil:
		return "nowhere: what is sent there goes on to pods"
	case p.Loopback && p.Address:
		return "loopback and the cluster address"
	case p.Loopback:
		return "loopback"
	case p.Address:
		return "the cluster address"
	}
	return "every address"
}

// letIn names whom the firewall lets in.
func (t Target) letIn(p Port) string {
	if !p.World && len(p.From) == 0 {
		return "no other host"
	}
	names := map[string]string{
		"": "everybody", hostsSet: "all hosts", string(inventory.ControlPlane): "control planes",
		string(inventory.Etcd): "etcd hosts", string(inventory.Worker): "workers",
	}
	var who []string
	_, openings := t.openings([]Port{p})
	for _, o := range openings {
		who = append(who, names[o.Set])
	}
	slices.Sort(who)
	return strings.Join(who, ", ")
}
