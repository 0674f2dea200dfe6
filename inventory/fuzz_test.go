package inventory_test

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kbootstrap/inventory"
)

// FuzzParse feeds anything to Parse. It must not panic; what it refuses it explains; what it
// accepts is a cluster.
func FuzzParse(f *testing.F) {
	f.Add([]byte(base))
	f.Add([]byte(inventory.Template()))
	for _, dir := range []string{"valid", "invalid"} {
		entries, err := os.ReadDir("testdata/" + dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			data, err := os.ReadFile("testdata/" + dir + "/" + e.Name())
			if err != nil {
				f.Fatal(err)
			}
			if strings.HasSuffix(e.Name(), ".yaml") {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parse("hosts.yaml", data)
		if err == nil {
			invariants(t, c)
			again, err := parse("hosts.yaml", data)
			if err != nil {
				t.Fatalf("refused the second time: %v", err)
			}
			if diff := cmp.Diff(c, again, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
				t.Errorf("different the second time: %s", diff)
			}
			return
		}
		var problems inventory.Problems
		if c != nil || !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("Parse = %v, %#v; want no cluster and Problems", c, err)
		}
		lines := strings.Count(string(data), "\n") + 1
		for i, p := range problems {
			if p.Line < 0 || p.Line > lines || (p.Line == 0) != (p.Column == 0) || p.Column < 0 || p.Message == "" {
				t.Errorf("problem %+v of a file with %d lines", p, lines)
			}
			if i > 0 && p.Line < problems[i-1].Line {
				t.Errorf("problem %v comes after %v", p, problems[i-1])
			}
		}
		if i := strings.IndexFunc(err.Error(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("a character that cannot be printed in %q", err.Error())
		}
	})
}

// invariants checks what the rest of the tool relies on, in other words than the checks themselves.
func invariants(t *testing.T, c *inventory.Cluster) {
	t.Helper()
	want := func(ok bool, what string, args ...any) {
		t.Helper()
		if !ok {
			t.Errorf(what, args...)
		}
	}
	n := c.Network
	want(c.Name != "" && len(c.Name) <= 63 && !strings.ContainsAny(c.Name, "/. \n"), "cluster %q", c.Name)
	want(strings.HasPrefix(c.Kubernetes, "v1.") && strings.Count(c.Kubernetes, ".") == 2, "Kubernetes %q", c.Kubernetes)
	want(!n.Pods.Overlaps(n.Services), "pods %s and services %s overlap", n.Pods, n.Services)
	want(c.ServiceIP(1).IsValid() && c.ServiceIP(10).IsValid(), "services %s have no tenth address", n.Services)
	want(n.Services.Contains(c.ServiceIP(10)), "ServiceIP(10) of %s is %s", n.Services, c.ServiceIP(10))
	want(len(c.With(inventory.Etcd))%2 == 1, "%d etcd members", len(c.With(inventory.Etcd)))
	want(len(c.With(inventory.ControlPlane)) > 0, "no control plane")
	want(c.CRI == "containerd" || c.CRI == "dockerd" && c.Runtime == "docker", "cri %q on runtime %q", c.CRI, c.Runtime)
	want(c.Firewall == "disable" || c.Firewall == "leave" || c.Firewall == "configure", "firewall %q", c.Firewall)
	want(c.Security.Profile == "default" || c.Security.Profile == "cis", "profile %q", c.Security.Profile)
	want(c.Security.EncryptionKey >= 1 && c.Security.EncryptionKey <= inventory.MostEncryptionKeys, "key %d",
		c.Security.EncryptionKey)
	want(slices.Contains([]string{"vxlan", "host-gw", "wireguard"}, n.Flannel.Backend),
		"flannel %q", n.Flannel.Backend)
	for _, p := range []int{n.APIPort, n.LocalAPIPort, n.Flannel.Port, n.NodePorts.First, n.NodePorts.Last} {
		want(p >= 1 && p <= 65535, "port %d", p)
	}
	want(n.NodePorts.First <= n.NodePorts.Last, "node ports %s", n.NodePorts)
	want(!n.NodePorts.Contains(n.APIPort) && !n.NodePorts.Contains(10250) && !n.NodePorts.Contains(22), "node ports %s",
		n.NodePorts)
	names, addresses := map[string]bool{}, map[netip.Addr]bool{}
	for _, h := range c.Hosts {
		want(h.Name != "" && !names[h.Name] && len(h.Name) <= 63, "host name %q", h.Name)
		want(h.Address.Is4() && !addresses[h.Address] && !h.Address.IsLoopback(), "address %s of %q", h.Address, h.Name)
		want(!n.Pods.Contains(h.Address) && !n.Services.Contains(h.Address), "address %s of %q", h.Address, h.Name)
		want(len(h.Roles) > 0, "host %q has no role", h.Name)
		want(h.SSH.Address != "" && !strings.HasPrefix(h.SSH.Address, "-") && h.SSH.Port >= 0, "SSH %+v", h.SSH)
		want(!strings.HasPrefix(h.SSH.User, "-"), "SSH %+v", h.SSH)
		want(slices.Contains([]string{"", "strict", "ask", "accept-new"}, h.SSH.HostKeyPolicy), "SSH %+v", h.SSH)
		for _, j := range h.SSH.Jump {
			want(j.Address != "" && !strings.HasPrefix(j.Address+j.User, "-") && j.Port >= 0 && j.Port <= 65535,
				"jump %+v", j)
		}
		want(h.Line > 0, "host %q has no line", h.Name)
		names[h.Name], addresses[h.Address] = true, true
	}
	for component, flags := range c.Arguments {
		for name, value := range flags {
			want(name != "" && name[0] != '-' && !strings.ContainsAny(value, "\n\r\x00"), "--%s=%q of %s",
				name, value, component)
		}
	}
}
