package component

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// firewallTarget is a worker of a cluster with a firewall.
func firewallTarget() Target {
	c := &inventory.Cluster{
		Name: "c", Kubernetes: "v1.36.3", Firewall: inventory.FirewallConfigure,
		Network: inventory.Network{
			Pods: netip.MustParsePrefix("10.244.0.0/16"), APIPort: 6443,
			NodePorts: inventory.PortRange{First: 30000, Last: 32767},
			Flannel:   inventory.Flannel{Backend: inventory.VXLAN, Port: 8472},
		},
		Hosts: []inventory.Host{
			{Name: "cp1", Address: netip.MustParseAddr("192.168.56.11"),
				Roles: []inventory.Role{inventory.Etcd, inventory.ControlPlane}},
			{Name: "w1", Address: netip.MustParseAddr("192.168.56.12"), Roles: []inventory.Role{inventory.Worker}},
		},
	}
	return Target{Cluster: c, Host: c.Hosts[1], PKI: &certs.PKI{}}
}

// rulesOf are the rules of the table of nftables that a target wants; empty when none.
func rulesOf(t Target) string {
	for _, c := range Components() {
		if c.Name != Firewall {
			continue
		}
		for _, r := range c.Resources(t) {
			if table, ok := r.(resource.NFTable); ok {
				return table.Rules
			}
		}
	}
	return ""
}

// TestFirewallNeverLocksOut: the port by which people log in is open, whatever it is.
func TestFirewallNeverLocksOut(t *testing.T) {
	target := firewallTarget()
	target.Facts.SSHPorts = []int{2222}
	rules := rulesOf(target)
	for _, want := range []string{"tcp dport 22 accept", "tcp dport 2222 accept"} {
		if !strings.Contains(rules, "\t\t"+want+"\n") {
			t.Errorf("no rule %q in\n%s", want, rules)
		}
	}
}

// TestFirewallByRoles: a worker lets the hosts of the cluster ask its kubelet, and has no port of
// etcd.
func TestFirewallByRoles(t *testing.T) {
	target := firewallTarget()
	worker := rulesOf(target)
	target.Host = target.Cluster.Hosts[0]
	plane := rulesOf(target)
	for _, test := range []struct {
		rules, rule string
		want        bool
	}{
		{worker, "ip saddr @hosts tcp dport 10250 accept", true},
		{worker, "ip saddr @hosts udp dport 8472 accept", true},
		{worker, "dport 2379", false}, {worker, "dport 6443", false},
		{plane, "ip saddr @control-plane tcp dport 2379 accept", true},
		{plane, "ip saddr @etcd tcp dport 2380 accept", true},
		{plane, "\t\ttcp dport 6443 accept", true},
		{plane, "dport 10257", false},
	} {
		if got := strings.Contains(test.rules, test.rule); got != test.want {
			t.Errorf("%q is there: %t, in\n%s", test.rule, got, test.rules)
		}
	}
}

// TestFirewallByWhatRuns: where firewalld runs the table is not wanted, and the other way round;
// with another value of the inventory neither is.
func TestFirewallByWhatRuns(t *testing.T) {
	for _, test := range []struct {
		mode, firewalld string
		want            []string
	}{
		{inventory.FirewallConfigure, "1.3.3", []string{"firewalld"}},
		{inventory.FirewallConfigure, "", []string{"table inet kbootstrap"}},
		{inventory.FirewallDisable, "1.3.3", nil},
		{inventory.FirewallLeave, "", nil},
	} {
		target := firewallTarget()
		target.Cluster.Firewall, target.Facts = test.mode, host.Facts{Firewalld: test.firewalld}
		var got []string
		i := slices.IndexFunc(Components(), func(c Component) bool { return c.Name == Firewall })
		for _, r := range Components()[i].Resources(target) {
			switch r.(type) {
			case resource.Firewalld, resource.NFTable:
				if r.State() != "" {
					got = append(got, r.ID())
				}
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s, firewalld %q: %q, want %q", test.mode, test.firewalld, got, test.want)
		}
	}
}
