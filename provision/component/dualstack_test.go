package component

import (
	"net/netip"
	"strings"
	"testing"
)

// dualTarget is the worker of a cluster of both families, with a firewall.
func dualTarget() Target {
	t := firewallTarget()
	t.Cluster.Network.Services = netip.MustParsePrefix("10.96.0.0/12")
	t.Cluster.Network.IPv6.Pods = netip.MustParsePrefix("fd00:10:244::/56")
	t.Cluster.Network.IPv6.Services = netip.MustParsePrefix("fd00:10:96::/112")
	for i, a := range []string{"fd00::11", "fd00::12"} {
		t.Cluster.Hosts[i].IPv6 = netip.MustParseAddr(a)
	}
	t.Host = t.Cluster.Hosts[1]
	return t
}

// TestFirewallOfBothFamilies: what is for some hosts is for their addresses of both families, and
// without the second one nothing of it is there.
func TestFirewallOfBothFamilies(t *testing.T) {
	rules := rulesOf(dualTarget())
	for _, want := range []string{
		"type ipv6_addr", "elements = { fd00::11, fd00::12 }", "ip saddr @hosts tcp dport 10250 accept",
		"ip6 saddr @hosts6 tcp dport 10250 accept", "ip6 saddr @hosts6 udp dport 8472 accept",
		`iifname "flannel-v6.1" accept`,
	} {
		if !strings.Contains(rules, want) {
			t.Errorf("no %q in\n%s", want, rules)
		}
	}
	if rules = rulesOf(firewallTarget()); strings.Contains(rules, "6_addr") || strings.Contains(rules, "v6.1") {
		t.Errorf("a cluster of IPv4 has\n%s", rules)
	}
}

// TestForwardsBothFamilies: the kernel forwards IPv6 only where pods have it.
func TestForwardsBothFamilies(t *testing.T) {
	const key = "net.ipv6.conf.all.forwarding"
	if values, _ := KernelParameters(dualTarget().Cluster); values[key] != "1" {
		t.Errorf("%s is %q", key, values[key])
	}
	if values, _ := KernelParameters(firewallTarget().Cluster); values[key] != "" {
		t.Errorf("a cluster of IPv4 has %s", key)
	}
}
