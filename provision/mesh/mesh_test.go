package mesh

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"kbootstrap/internal/fixture"
	"kbootstrap/node"
	"kbootstrap/provision/preflight"
)

// TestMeshDoesNotWaitInVain: what is sent to a host behind a firewall that is about to go need not
// arrive, nor what no process may hear; all else is waited for.
func TestMeshDoesNotWaitInVain(t *testing.T) {
	c := fixture.Parse(t, fixture.Small)
	m := mesh{
		hosts: c.Hosts, needs: preflight.Needs(c, c.Hosts), mtus: map[string]int{"cp1": 1500, "w1": 1500},
		heard: map[datagram]bool{}, walled: map[string]bool{"w1": true}, vain: map[int]bool{},
	}
	m.faults = make([]string, len(m.needs))
	if m.complete() {
		t.Error("nothing came to cp1, and it is not waited for")
	}
	vain := slices.IndexFunc(m.needs, func(n preflight.Need) bool { return n.Network == "udp" && n.To.Name == "cp1" })
	m.vain[vain] = true
	if !m.complete() {
		t.Error("it waits in vain")
	}
	for _, p := range m.paths() {
		if p.Network == "udp" && p.To == "cp1" {
			t.Errorf("judged without being tried: %+v", p)
		}
	}
	m.vain = nil
	m.heard[datagram{from: 1, to: 0, port: 8472, size: 1500}] = true
	if !m.complete() {
		t.Error("the largest came, and it waits")
	}
}

// TestRefusedByHolder: what a service refused that had its port is tried again, and nothing else:
// not a refusal of a port on which the host itself listened, nor an answer that did not come.
func TestRefusedByHolder(t *testing.T) {
	c := fixture.Parse(t, fixture.Small)
	refused := unix.ECONNREFUSED.Error()
	for _, test := range []struct {
		what  string
		held  bool
		fault string
		again bool
	}{
		{"a service that ended", true, refused, true},
		{"a packet filter before a service", true, "no answer within 2s", false},
		{"a service that answers", true, "", false},
		{"a packet filter before nothing", false, refused, false},
	} {
		need := preflight.Need{From: c.Hosts[1], To: c.Hosts[0], Network: "tcp", Port: 6443}
		m := mesh{hosts: c.Hosts, needs: []preflight.Need{need}}
		m.opened = []map[string]node.Opened{{"tcp/6443": {Network: "tcp", Port: 6443, Held: test.held}}, nil}
		m.faults = []string{test.fault}
		if got := m.refused() != nil; got != test.again {
			t.Errorf("%s: tried again is %t", test.what, got)
		}
	}
}
