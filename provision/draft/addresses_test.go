package draft

import (
	"net/netip"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

// TestAddresses: which address of a host is proposed to be the cluster's.
func TestAddresses(t *testing.T) {
	nat := link("eth0", "10.0.2.15/24")
	down := link("eth1", "192.168.56.11/24")
	down.Up = false
	for _, test := range []struct {
		what    string
		vagrant bool
		ssh     []string // the address that SSH uses, of each host
		links   [][]host.Interface
		want    string
	}{
		{"one machine of VirtualBox", true, []string{"127.0.0.1"},
			[][]host.Interface{{nat, link("eth1", "192.168.56.11/24")}}, "192.168.56.11"},
		{"libvirt, whose first interface is Vagrant's own", true, []string{"192.168.121.5", "192.168.121.6"},
			[][]host.Interface{
				{link("eth0", "192.168.121.5/24"), link("eth1", "192.168.56.11/24")},
				{link("eth0", "192.168.121.6/24"), link("eth1", "192.168.56.12/24")},
			}, "192.168.56.11 192.168.56.12"},
		{"libvirt with one interface", true, []string{"192.168.121.5", "192.168.121.6"},
			[][]host.Interface{{link("eth0", "192.168.121.5/24")}, {link("eth0", "192.168.121.6/24")}},
			"192.168.121.5 192.168.121.6"},
		{"a forwarded port, without Vagrant", false, []string{"127.0.0.1", "127.0.0.1"},
			[][]host.Interface{
				{link("eth0", "10.1.0.2/24"), link("eth1", "192.168.56.11/24")},
				{link("eth0", "10.1.0.3/24"), link("eth1", "192.168.56.12/24")},
			}, "192.168.56.11 192.168.56.12"},
		{"the network that SSH uses", false, []string{"10.2.0.2", "10.2.0.3"},
			[][]host.Interface{
				{link("eth0", "10.1.0.2/24"), link("eth1", "10.2.0.2/24")},
				{link("eth0", "10.1.0.3/24"), link("eth1", "10.2.0.3/24")},
			}, "10.2.0.2 10.2.0.3"},
		{"private before public", false, []string{"a.example", "b.example"},
			[][]host.Interface{
				{link("eth0", "203.0.113.2/24"), link("eth1", "10.2.0.2/24")},
				{link("eth0", "203.0.113.3/24"), link("eth1", "10.2.0.3/24")},
			}, "10.2.0.2 10.2.0.3"},
		{"bridges of containers and interfaces that are down are none", false, []string{"a", "b"},
			[][]host.Interface{
				{down, link("br-1", "172.18.0.1/16"), link("virbr0", "192.168.122.1/24"), link("eth2", "10.2.0.2/24")},
				{down, link("br-1", "172.18.0.2/16"), link("flannel.1", "10.244.1.0/16"), link("eth2", "10.2.0.3/24")},
			}, "10.2.0.2 10.2.0.3"},
		{"only NAT", true, []string{"127.0.0.1", "127.0.0.1"}, [][]host.Interface{{nat}, {nat}}, "- -"},
		{"no network in common", false, []string{"10.1.0.2", "b.example"},
			[][]host.Interface{{link("eth0", "10.1.0.2/24")}, {link("eth0", "10.2.0.3/24")}}, "10.1.0.2! 10.2.0.3!"},
		{"no IPv4", false, []string{"a", "b"},
			[][]host.Interface{{link("eth0", "2001:db8::2/64")}, {link("eth0", "2001:db8::3/64")}}, "- -"},
	} {
		s := Source{OwnHostKeys: test.vagrant}
		facts := map[string]host.Facts{}
		for i, address := range test.ssh {
			name := "h" + string(rune('1'+i))
			s.Hosts = append(s.Hosts, Host{Name: name, SSH: inventory.SSH{Address: address}})
			facts[name] = machine(name, test.links[i]...)
		}
		var got []string
		for _, h := range s.Hosts {
			c := choose(s, facts)[h.Name]
			switch {
			case !c.address.IsValid():
				got = append(got, "-")
			case c.open != nil:
				got = append(got, c.address.String()+"!")
			default:
				got = append(got, c.address.String())
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %s, want %s", test.what, strings.Join(got, " "), test.want)
		}
	}
}

// TestGivenAddress: an address that Ansible says is held against those that the host has.
func TestGivenAddress(t *testing.T) {
	s := Source{Hosts: []Host{
		{Name: "a", Address: netip.MustParseAddr("10.1.0.2")}, {Name: "b", Address: netip.MustParseAddr("10.1.0.9")},
	}}
	facts := map[string]host.Facts{
		"a": machine("a", link("eth0", "10.1.0.2/24")), "b": machine("b", link("eth0", "10.1.0.3/24")),
	}
	chosen := choose(s, facts)
	if a := chosen["a"]; a.open != nil || a.why != "eth0" {
		t.Errorf("a: %+v", a)
	}
	if b := chosen["b"]; len(b.open) != 1 || !strings.Contains(b.open[0], "It has 10.1.0.3/24 (eth0).") {
		t.Errorf("b: %+v", b)
	}
}

// TestRoles: what hosts are proposed to be for.
func TestRoles(t *testing.T) {
	for names, want := range map[string]string{
		"a":                       "etcd,control-plane,worker",
		"a b":                     "etcd,control-plane worker",
		"w1 cp1":                  "worker etcd,control-plane",
		"k8s-master-1 k8s-node-1": "etcd,control-plane worker",
		"k8smaster w":             "etcd,control-plane worker",
		"mastery b":               "etcd,control-plane worker",
		"cp1 cp2 w1":              "etcd,control-plane control-plane worker",
		"cp1 cp2 cp3":             "etcd,control-plane,worker etcd,control-plane,worker etcd,control-plane,worker",
		"etcd1 a b":               "etcd control-plane worker",
		"a b c d e":               "etcd,control-plane worker worker worker worker",
		"a b c d e f":             "etcd,control-plane etcd,control-plane etcd,control-plane worker worker worker",
	} {
		words := strings.Fields(names)
		var got []string
		for _, roles := range proposeRoles(make([]Host, len(words)), words) {
			var texts []string
			for _, r := range roles {
				texts = append(texts, string(r))
			}
			got = append(got, strings.Join(texts, ","))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", names, strings.Join(got, " "), want)
		}
	}
}

// TestNodeNames: names of sources, of hosts and of neither.
func TestNodeNames(t *testing.T) {
	hosts := []Host{
		{Name: "Web.example", IsNamed: true, SSH: inventory.SSH{Address: "web"}},
		{Name: "10.0.0.1", SSH: inventory.SSH{Address: "10.0.0.1"}},
		{Name: "10.0.0.2", SSH: inventory.SSH{Address: "10.0.0.2"}},
		{Name: "10.0.0.3", SSH: inventory.SSH{Address: "10.0.0.3"}},
		{Name: "db.example", SSH: inventory.SSH{Address: "db.example"}},
		{Name: "web:2", SSH: inventory.SSH{Address: "web"}},
		{Name: "node3", IsNamed: true, SSH: inventory.SSH{Address: "node3"}},
	}
	facts := map[string]host.Facts{
		"Web.example": {Hostname: "other"}, "10.0.0.1": {Hostname: "Debian_12"}, "10.0.0.2": {Hostname: "same"},
		"10.0.0.3": {Hostname: "same"},
	}
	if got := strings.Join(nodeNames(hosts, facts), " "); got != "web debian-12 node4 node5 db node6 node3" {
		t.Errorf("%s", got)
	}
}
