package mesh

import (
	"slices"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/node"
	"kbootstrap/provision/preflight"
)

// TestMeshDoesNotWaitInVain: what is sent to a host behind a firewall that is about to go need not
// arrive, nor what no process may hear; all else is waited for.
func TestMeshDoesNotWaitInVain(t *testing.T) {
	c := fixture.Parse(t, fixture.Small)
	m := mesh{
		hosts: c.Hosts, mtus: map[string]int{"cp1": 1500, "w1": 1500},
		heard: map[datagram]bool{}, walled: map[string]bool{"w1": true}, vain: map[int]bool{},
	}
	m.want(preflight.Needs(c, c.Hosts))
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
	refused := node.Refused
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

// TestNarrow: of ways that take something, but not the largest, the limit is found to the byte,
// whatever the interfaces take.
func TestNarrow(t *testing.T) {
	c := fixture.Parse(t, fixture.Small)
	for _, test := range []struct{ interfaces, carries int }{
		{1500, 1400}, {1500, 1499}, {1500, 1437}, {9000, 1500}, {9000, 8951}, {65535, 1280},
	} {
		m := mesh{
			hosts: c.Hosts, mtus: map[string]int{"cp1": test.interfaces, "w1": test.interfaces},
			heard: map[datagram]bool{}, vain: map[int]bool{},
		}
		m.want([]preflight.Need{{From: c.Hosts[1], To: c.Hosts[0], Network: "udp", Port: 8472}})
		send := func(sizes []int) {
			for _, size := range sizes {
				m.heard[datagram{from: 1, to: 0, port: 8472, size: size}] = size <= test.carries
			}
		}
		send(m.sizes[0])
		for range passes {
			if m.narrow() == nil {
				break
			}
			sizes := between(m.arrived(0), m.lost(0))
			send(sizes)
			m.sent(0, sizes)
		}
		if m.narrow() != nil || m.arrived(0) != test.carries || m.lost(0) != test.carries+1 {
			t.Errorf("of interfaces with %d a path of %d is measured as %d to %d", test.interfaces, test.carries,
				m.arrived(0), m.lost(0)-1)
		}
	}
}

// TestNarrowLeavesOut: a way on which all came, or nothing, has nothing to measure.
func TestNarrowLeavesOut(t *testing.T) {
	c := fixture.Parse(t, fixture.Small)
	m := mesh{hosts: c.Hosts, mtus: map[string]int{"cp1": 1500, "w1": 1500}, heard: map[datagram]bool{}}
	m.want([]preflight.Need{{From: c.Hosts[1], To: c.Hosts[0], Network: "udp", Port: 8472}})
	if ways := m.narrow(); ways != nil {
		t.Errorf("nothing came, and %v are measured", ways)
	}
	m.heard[datagram{from: 1, to: 0, port: 8472, size: 1500}] = true
	if ways := m.narrow(); ways != nil || m.lost(0) != 0 {
		t.Errorf("all came, and %v are measured", ways)
	}
}
