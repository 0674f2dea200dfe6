package draft

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"kbootstrap/host"
	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// link is an interface that is up.
func link(name string, addresses ...string) host.Interface {
	i := host.Interface{Name: name, Up: true}
	for _, a := range addresses {
		i.Addresses = append(i.Addresses, netip.MustParsePrefix(a))
	}
	return i
}

// machine is what a host tells whose default route leads by its first interface after lo.
func machine(name string, links ...host.Interface) host.Facts {
	return host.Facts{
		Hostname: name, BootID: name, DefaultRouteInterface: links[0].Name,
		Interfaces: append([]host.Interface{link("lo", "127.0.0.1/8", "::1/128")}, links...),
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestTexts shows whole inventories: what is known of the hosts, and what has to be decided.
func TestTexts(t *testing.T) {
	vagrant, err := Vagrant(read(t, "vagrant.ssh-config"))
	if err != nil {
		t.Fatal(err)
	}
	ansible, err := Ansible("hosts.ini", read(t, "kubespray.ini"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := Names([]string{"admin@db.example.org", "10.0.0.12:2222", "10.0.0.13"}, "/keys/id")
	if err != nil {
		t.Fatal(err)
	}
	nat, docker := link("eth0", "10.0.2.15/24", "fe80::1/64"), link("docker0", "172.17.0.1/16")
	for _, test := range []struct {
		name   string
		source Source
		facts  map[string]host.Facts
		failed map[string]error
		open   int
		valid  bool
	}{
		{name: "vagrant", source: vagrant, valid: true, facts: map[string]host.Facts{
			"cp1": machine("cp1", nat, link("eth1", "192.168.56.11/24"), link("eth2", "10.9.0.11/16"), docker),
			"w_1": machine("w-1", nat, link("eth1", "192.168.56.21/24"), link("eth2", "10.9.0.21/16"), docker),
			"w2":  machine("w2", nat, link("eth1", "192.168.56.22/24"), link("eth2", "10.9.0.22/16")),
		}},
		{name: "offline", source: vagrant, open: 3},
		{name: "ansible", source: ansible, open: 3, facts: map[string]host.Facts{
			"node1": machine("a", link("ens3", "10.3.0.1/24")),
			"node2": machine("b", link("ens3", "10.3.0.2/24")),
			"node3": machine("b", link("ens3", "10.3.0.2/24")), // the range has one ansible_host for both
			"node4": machine("d", link("ens3", "10.4.0.4/24")),
		}},
		{name: "names", source: names, open: 1, valid: true, facts: map[string]host.Facts{
			"db.example.org": machine("DB.example.org", link("ens3", "10.0.0.11/24"), link("ens4", "203.0.113.1/24")),
			"10.0.0.13":      machine("localhost", link("ens3", "10.0.0.13/24"), link("ens4", "203.0.113.3/24")),
		}, failed: map[string]error{"10.0.0.12:2222": errors.New("dial 10.0.0.12:2222: \x1b[31mrefused\n# x")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := Propose(test.source, test.facts, test.failed)
			text := d.Text("/home/me/my cluster", "accept-new")
			golden.File(t, filepath.Join("testdata", test.name+".golden"), text)
			if d.Open() != test.open {
				t.Errorf("%d hosts are open, want %d", d.Open(), test.open)
			}
			_, err := inventory.Parse("hosts.yaml", []byte(text), component.Rules())
			if (err == nil) != test.valid {
				t.Errorf("valid is %t, want %t: %v", err == nil, test.valid, err)
			}
		})
	}
}
