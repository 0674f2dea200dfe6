package mesh

import (
	"slices"
	"testing"

	"kbootstrap/internal/fixture"
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
