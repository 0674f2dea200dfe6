package inventory_test

import (
	"strings"
	"testing"
)

// dual is an inventory of both families.
var dual = strings.NewReplacer(
	"  nodePorts:", "  ipv6: {pods: \"fd00:10:244::/56\", services: \"fd00:10:96::/112\"}\n  nodePorts:",
	"address: 192.168.56.11", "address: 192.168.56.11\n    ipv6: fd00::11",
	"address: 192.168.56.21", "address: 192.168.56.21\n    ipv6: fd00::21",
).Replace(base)

func TestDualStack(t *testing.T) {
	c, err := parse("hosts.yaml", []byte(dual))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Network.IsDualStack() || c.ServiceIPv6(10).String() != "fd00:10:96::a" ||
		len(c.Hosts[1].Addresses()) != 2 || len(c.Network.PodNetworks()) != 2 {
		t.Errorf("network %+v, DNS at %s", c.Network, c.ServiceIPv6(10))
	}
}

func TestDualStackProblems(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"    ipv6: fd00::21\n", "", `host "w1" has no ipv6, and the cluster has network.ipv6`},
		{"fd00:10:244::/56", "fd00:10:244::/65", "is too small: each host gets a /64 of it"},
		{"fd00:10:244::/56", "fd00:10:244::/64", "has room for only 1 of the 2 hosts"},
		{"fd00:10:244::/56", "fd00::/40", "is too large"},
		{"fd00:10:244::/56", "10.32.0.0/16", "10.32.0.0/16 is an IPv4 network; this field takes one of IPv6"},
		{"fd00:10:244::/56", "fd00:10:244::1/56", "did you mean fd00:10:244::/56?"},
		{"fd00:10:244::/56", "fe80::/56", "overlaps the link-local addresses"},
		{"fd00:10:96::/112", "fd00:10:96::/64", "kube-apiserver takes a /108 or smaller"},
		{"fd00:10:96::/112", "fd00:10:244::/112", "network.ipv6.services fd00:10:244::/112 overlaps network.ipv6.pods"},
		{`, services: "fd00:10:96::/112"`, "", "network.ipv6 has no services"},
		{"ipv6: fd00::21", "ipv6: fd00::11", "has the same address, fd00::11"},
		{"ipv6: fd00::21", "ipv6: fe80::21", "cannot be the address of a host: it is link-local"},
		{"ipv6: fd00::21", "ipv6: fd00:10:244::21", "is in network.ipv6.pods"},
		{"ipv6: fd00::21", "ipv6: 192.168.56.22", "is an IPv4 address; this field takes one of IPv6"},
		{"ipv6: fd00::21", "ipv6: \"::ffff:192.168.56.22\"", "this field takes one of IPv6"},
		{"address: 192.168.56.21", "address: fd00::21", "is an IPv6 address; this field takes one of IPv4"},
		{"  nodePorts:", "  flannel: {backend: wireguard}\n  nodePorts:", "wireguard carries IPv4 only"},
	} {
		_, err := parse("hosts.yaml", []byte(strings.Replace(dual, test.old, test.new, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q", test.new, err, test.want)
		}
	}
	text := strings.Replace(base, "192.168.56.21", "192.168.56.21\n    ipv6: fd00::21", 1)
	want := `host "w1" has ipv6, and the cluster has no network.ipv6`
	if _, err := parse("hosts.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestNodeNames(t *testing.T) {
	for name, want := range map[string]string{
		"w1.example.lan": "", "a.b.c": "",
		"W1.example.lan": `did you mean "w1.example.lan"?`, "w1..lan": "is not a valid name",
		".w1":   `did you mean "w1"?`,
		"w1.-x": "is not a valid name", "10.0.0.1": "is an address",
		strings.Repeat("a", 60) + ".lan": "kubernetes.io/hostname",
	} {
		_, err := parse("hosts.yaml", []byte(strings.Replace(base, "name: w1", "name: \""+name+"\"", 1)))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

// TestSSHOverIPv6: an address of IPv6 for SSH may be in brackets; one with a port is none.
func TestSSHOverIPv6(t *testing.T) {
	for text, want := range map[string]string{
		`"fd00::11"`: "fd00::11", `"[fd00::11]"`: "fd00::11", `"fe80::1%eth1"`: "fe80::1%eth1",
		`"[fd00::11]:22"`: "", `"[m1]"`: "", `"[fd00::11"`: "",
	} {
		edited := strings.Replace(base, "{address: 127.0.0.1, port: 2222}", "{address: "+text+", port: 2222}", 1)
		c, err := parse("hosts.yaml", []byte(edited))
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "is neither a host name nor an address") {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if err != nil || c.Hosts[0].SSH.Address != want {
			t.Errorf("%s: %v, %+v", text, err, c)
		}
	}
}
