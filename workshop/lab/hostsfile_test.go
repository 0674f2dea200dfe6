package lab

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

func planned(t *testing.T, spec Spec) state {
	t.Helper()
	s := state{ID: idOf(spec.Dir), Spec: spec}
	for i, h := range planHosts(spec) {
		h.SSHPort = 2200 + i
		s.Hosts = append(s.Hosts, hostState{Host: h, Base: "/base", HostKey: "ssh-ed25519 AAAA"})
	}
	return s
}

func TestHostsYAML(t *testing.T) {
	s := planned(t, Spec{Name: "demo", ControlPlanes: 1, Workers: 1, Spare: 1, Kubernetes: "v1.36.3",
		Mirror: "/m/with space"})
	want := `cluster: demo
kubernetes: v1.36.3
artifacts: {mirror: "/m/with space", lock: "/m/with space/artifacts.lock", ownBuilds: true}
versions: # what is a Go module
  {kube-router: v2.1.0, local-path-provisioner: v0.0.30, victoria-logs: v1.52.2, vlagent: v1.52.2}
# The hosts share this machine's disk: how full it is in percent is nothing to evict pods or remove images for.
arguments:
  kubelet: {image-gc-high-threshold: "100", eviction-hard: "memory.available<100Mi,nodefs.available<500Mi"}
ssh: {user: vagrant, key: id_ed25519, knownHosts: known_hosts, hostKeyPolicy: strict, agent: false, config: none}
hosts:
  - name: cp1
    address: 192.168.56.11
    ssh: {address: 127.0.0.1, port: 2200}
    roles: [etcd, control-plane, worker]
  - name: w1
    address: 192.168.56.12
    ssh: {address: 127.0.0.1, port: 2201}
    roles: [worker]
`
	if diff := cmp.Diff(want, string(s.hostsYAML())); diff != "" {
		t.Error(diff)
	}
}

// The tool has to read what the lab writes.
func TestHostsYAMLIsAnInventory(t *testing.T) {
	dir := t.TempDir()
	s := planned(t, Spec{Name: "demo", ControlPlanes: 3, Workers: 2, Kubernetes: "v1.36.3", Mirror: "/m, \"n\""})
	c, err := inventory.Parse(filepath.Join(dir, inventoryFile), s.hostsYAML(), component.Rules())
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "demo" || c.Kubernetes != "v1.36.3" || c.Artifacts.Mirror != s.Spec.Mirror || len(c.Hosts) != 5 {
		t.Errorf("read back as %+v", c)
	}
	if n := len(c.With(inventory.ControlPlane)); n != 3 {
		t.Errorf("%d control planes, want 3", n)
	}
	last := c.Hosts[4]
	if last.Name != "w2" || last.Address != netip.MustParseAddr("192.168.56.15") || last.SSH.Port != 2204 {
		t.Errorf("last host %+v", last)
	}
	if last.SSH.Key != filepath.Join(dir, keyFile) || last.SSH.KnownHosts != filepath.Join(dir, knownHostsFile) {
		t.Errorf("ssh %+v", last.SSH)
	}
}

func TestKnownHosts(t *testing.T) {
	s := planned(t, Spec{ControlPlanes: 1, Spare: 1})
	s.Hosts[1].SSHPort = 22
	want := "[127.0.0.1]:2200 ssh-ed25519 AAAA\n127.0.0.1 ssh-ed25519 AAAA\n"
	if diff := cmp.Diff(want, string(s.knownHosts())); diff != "" {
		t.Error(diff)
	}
}

func TestNextHost(t *testing.T) {
	s := planned(t, Spec{ControlPlanes: 1, Workers: 2, Spare: 1})
	// The second worker is gone, so its name and address are free.
	s.Hosts = append(s.Hosts[:2], s.Hosts[3])
	for _, c := range []struct {
		name  string
		spare bool
		want  string
	}{{"", false, "w2 192.168.56.13"}, {"", true, "s2 192.168.56.13"}, {"gpu", false, "gpu 192.168.56.13"},
		{"w1", false, ""}, {"W", false, ""}} {
		h, err := s.nextHost(c.name, netip.Addr{}, c.spare)
		if got := h.Name + " " + h.Address.String(); err == nil && got != c.want || err != nil && c.want != "" {
			t.Errorf("nextHost(%q, %t) = %s, %v, want %q", c.name, c.spare, got, err, c.want)
		}
	}
	for address, ok := range map[string]bool{"192.168.56.21": true, "192.168.56.11": false, "192.168.57.21": false} {
		h, err := s.nextHost("", netip.MustParseAddr(address), false)
		if (err == nil) != ok || ok && h.Address.String() != address {
			t.Errorf("with the address %s: %+v, %v", address, h, err)
		}
	}
}

func TestSSHPortsAreVagrants(t *testing.T) {
	var got []int
	seen := map[int]bool{}
	for port := range sshPorts {
		if seen[port] {
			t.Fatalf("port %d twice", port)
		}
		seen[port] = true
		if len(got) < 3 {
			got = append(got, port)
		}
	}
	if diff := cmp.Diff([]int{2222, 2200, 2201}, got); diff != "" {
		t.Error(diff)
	}
}
