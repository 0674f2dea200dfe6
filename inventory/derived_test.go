package inventory_test

import (
	"net/netip"
	"testing"

	"kbootstrap/inventory"
)

func TestServiceIP(t *testing.T) {
	for _, tt := range []struct {
		cidr string
		n    int
		want string
	}{
		{"10.96.0.0/12", 0, "10.96.0.0"},
		{"10.96.0.0/12", 1, "10.96.0.1"},
		{"10.96.0.0/12", 10, "10.96.0.10"},
		{"10.96.0.0/12", 256, "10.96.1.0"},
		{"10.0.0.240/28", 10, "10.0.0.250"},
		{"10.0.0.240/28", 16, "invalid IP"},
		{"255.255.255.240/28", 15, "255.255.255.255"},
		{"10.96.0.0/12", -1, "invalid IP"},
	} {
		c := inventory.Cluster{Network: inventory.Network{Services: netip.MustParsePrefix(tt.cidr)}}
		if got := c.ServiceIP(tt.n).String(); got != tt.want {
			t.Errorf("ServiceIP(%d) of %s = %s, want %s", tt.n, tt.cidr, got, tt.want)
		}
	}
	var none inventory.Cluster
	if got := none.ServiceIP(1); got.IsValid() {
		t.Errorf("ServiceIP of no CIDR = %s", got)
	}
}

func TestEndpoint(t *testing.T) {
	cp := func(name, address string) inventory.Host {
		return inventory.Host{Name: name, Address: netip.MustParseAddr(address),
			Roles: []inventory.Role{inventory.ControlPlane}}
	}
	w := inventory.Host{Name: "w", Roles: []inventory.Role{inventory.Worker}}
	c := inventory.Cluster{Network: inventory.Network{APIPort: 6443, LocalAPIPort: 7443},
		Hosts: []inventory.Host{w, cp("a", "10.0.0.1")}}
	if got, want := c.Endpoint(), "https://10.0.0.1:6443"; got != want {
		t.Errorf("one control plane: Endpoint() = %s, want %s", got, want)
	}
	c.Hosts = append(c.Hosts, cp("b", "10.0.0.2"))
	if got, want := c.Endpoint(), "https://127.0.0.1:7443"; got != want {
		t.Errorf("two control planes: Endpoint() = %s, want %s", got, want)
	}
}

func TestPortRange(t *testing.T) {
	p := inventory.PortRange{First: 30000, Last: 32767}
	if p.String() != "30000-32767" {
		t.Errorf("String() = %s", p)
	}
	for port, want := range map[int]bool{29999: false, 30000: true, 32767: true, 32768: false} {
		if got := p.Contains(port); got != want {
			t.Errorf("Contains(%d) = %t", port, got)
		}
	}
}

func TestStateDirOfStandardInput(t *testing.T) {
	c := inventory.Cluster{Name: "demo", File: "-"}
	if got := c.StateDir(); got != ".kbootstrap/demo" {
		t.Errorf("StateDir() = %s", got)
	}
}

func TestHost(t *testing.T) {
	c := inventory.Cluster{Hosts: []inventory.Host{{Name: "a", Line: 1}, {Name: "b", Line: 2}}}
	if h, ok := c.Host("b"); !ok || h.Line != 2 {
		t.Errorf("Host(b) = %+v, %t", h, ok)
	}
	if h, ok := c.Host("c"); ok {
		t.Errorf("Host(c) = %+v", h)
	}
}
