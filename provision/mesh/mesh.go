// Package mesh tries the ways between hosts: each host listens where others need it, and all dial
// each other. Start at Try.
package mesh

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/preflight"
)

const (
	meshLimit = 25 * time.Second // for all of it
	// stragglers is how long datagrams are waited for after the last was sent, when some did not
	// come.
	stragglers = time.Second
)

// datagramSizes are those of the packets that are sent as well as the largest: what tunnels and
// clouds often leave.
var datagramSizes = []int{128, 1280, 1400, 1450, 1500}

// Try tries every way between two hosts that their roles need: each host listens for a moment where
// nothing does yet, and all dial each other, and the services of peers. Hosts without their cluster
// address are left out; another check says so.
func Try(
	ctx context.Context, f fleet.Fleet, c *inventory.Cluster, hosts []preflight.Host, peers []preflight.Peer,
) []preflight.Path {
	m := mesh{
		fleet: f, token: token(), heard: map[datagram]bool{}, woken: make(chan struct{}, 1), walled: map[string]bool{},
	}
	var members []inventory.Host
	m.mtus = map[string]int{}
	for _, h := range hosts {
		if mtu := mtuOf(h.Facts, h.Address); mtu > 0 {
			m.mtus[h.Name] = mtu
			m.walled[h.Name] = h.Walled(c)
			members = append(members, h.Host)
		}
	}
	m.hosts = members
	m.want(append(preflight.Needs(c, members), preflight.NeedsOf(c, members, peers)...))
	if len(m.needs) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, meshLimit)
	defer cancel()
	listening, stop := context.WithCancel(ctx)
	wait := m.listen(listening)
	defer func() { stop(); wait() }()
	m.reach(ctx)
	m.await(ctx)
	m.again(ctx)
	m.measure(ctx)
	return m.paths()
}

// token tells the packets of this run from those of another.
func token() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // it never fails
	return hex.EncodeToString(raw)
}

// mtuOf is the MTU of the interface that has the address; 0 when none has it.
func mtuOf(facts host.Facts, address netip.Addr) int {
	for _, i := range facts.Interfaces {
		if slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == address }) {
			return i.MTU
		}
	}
	return 0
}

// mesh is one trial of all ways between hosts. Hosts are known to each other by their place in
// hosts.
type mesh struct {
	fleet  fleet.Fleet
	token  string
	hosts  []inventory.Host
	mtus   map[string]int  // of the interfaces with the cluster addresses
	walled map[string]bool // behind a firewall that is about to go: what does not come there need not be waited for
	needs  []preflight.Need
	opened []map[string]node.Opened // by host and "tcp/2379"
	deaf   []string                 // by host: why it could not listen at all
	faults []string                 // by need: why nothing could be sent
	known  []int                    // by need: how large packets may be, as the sender's kernel believes
	sizes  [][]int                  // by need: those of the packets that were sent, the largest last
	vain   map[int]bool             // the needs that cannot be tried

	mu    sync.Mutex
	heard map[datagram]bool
	woken chan struct{}
}

// datagram is one that was heard.
type datagram struct{ from, to, port, size int }

// place is the number of a host; that of a peer is -1.
func (m *mesh) place(h inventory.Host) int {
	return slices.IndexFunc(m.hosts, func(o inventory.Host) bool { return o.Name == h.Name })
}

// listen has every host listen where others need it, until ctx ends. The returned function waits
// for the end.
func (m *mesh) listen(ctx context.Context) (wait func()) {
	m.opened, m.deaf = make([]map[string]node.Opened, len(m.hosts)), make([]string, len(m.hosts))
	ends := make([]func(), len(m.hosts))
	var all sync.WaitGroup
	for i, h := range m.hosts {
		q := node.ListenQuery{Token: m.token, Host: i, Address: h.Address}
		for _, n := range m.needs {
			ports := &q.TCP
			if n.Network == "udp" {
				ports = &q.UDP
			}
			if n.To.Name == h.Name && !slices.Contains(*ports, n.Port) {
				*ports = append(*ports, n.Port)
			}
		}
		all.Go(func() {
			opened, end, err := m.fleet[h.Name].Client.Listen(ctx, q, func(d node.Heard) {
				m.hear(datagram{d.From, i, d.Port, d.Size})
			})
			if err != nil {
				m.deaf[i] = err.Error()
				return
			}
			ends[i], m.opened[i] = end, map[string]node.Opened{}
			for _, o := range opened {
				m.opened[i][fmt.Sprintf("%s/%d", o.Network, o.Port)] = o
			}
		})
	}
	all.Wait()
	return func() {
		for _, end := range ends {
			if end != nil {
				end()
			}
		}
	}
}

func (m *mesh) hear(d datagram) {
	m.mu.Lock()
	m.heard[d] = true
	m.mu.Unlock()
	select {
	case m.woken <- struct{}{}:
	default: // the waiter was told already and has not looked yet
	}
}

// want has the mesh try these ways. The largest packet of a way is the largest that both interfaces
// take.
func (m *mesh) want(needs []preflight.Need) {
	m.needs = needs
	m.faults, m.known, m.sizes = make([]string, len(needs)), make([]int, len(needs)), make([][]int, len(needs))
	for k, n := range needs {
		if n.Network == "udp" {
			largest := min(m.mtus[n.From.Name], m.mtus[n.To.Name], 1<<16-1)
			isLarger := func(size int) bool { return size >= largest }
			m.sizes[k] = append(slices.DeleteFunc(slices.Clone(datagramSizes), isLarger), largest)
		}
	}
}

// reach has every host dial those that it needs, and send them datagrams.
func (m *mesh) reach(ctx context.Context) {
	m.vain = map[int]bool{}
	var all sync.WaitGroup
	for i, h := range m.hosts {
		q := node.ReachQuery{Token: m.token, Host: i, Address: h.Address}
		var places []int
		for k, n := range m.needs {
			if n.From.Name != h.Name {
				continue
			}
			to := m.place(n.To)
			if to < 0 { // a peer, whose own service is there
				address := netip.AddrPortFrom(n.To.Address, uint16(n.Port))
				q.Targets = append(q.Targets, node.Target{Network: n.Network, Address: address, Host: -1})
				places = append(places, k)
				continue
			}
			opened := m.opened[to][fmt.Sprintf("%s/%d", n.Network, n.Port)]
			if opened.Held && opened.Error != "" {
				m.vain[k] = true // the kernel has the port, and we may not hear next to it
				continue
			}
			if why := m.deaf[to] + opened.Error; why != "" {
				m.faults[k] = n.To.Name + " cannot listen there: " + why
				continue
			}
			target := node.Target{
				Network: n.Network, Address: netip.AddrPortFrom(n.To.Address, uint16(n.Port)), Host: to,
			}
			if n.Network == "udp" {
				target.Sizes = m.sizes[k]
			} else if opened.Held {
				target.Host = -1
			}
			q.Targets, places = append(q.Targets, target), append(places, k)
		}
		if len(q.Targets) == 0 {
			continue
		}
		all.Go(func() {
			reached, err := m.fleet[h.Name].Client.Reach(ctx, q)
			for t, k := range places {
				if err != nil {
					m.faults[k] = err.Error()
				} else {
					m.faults[k], m.known[k] = reached[t].Fault, reached[t].MTU
				}
			}
		})
	}
	all.Wait()
}

// await waits until all datagrams are there that were sent, or for so long that the others will not
// come.
func (m *mesh) await(ctx context.Context) {
	patience := time.NewTimer(stragglers)
	defer patience.Stop()
	for !m.complete() {
		select {
		case <-m.woken:
		case <-patience.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (m *mesh) complete() bool {
	for k, n := range m.needs {
		if n.Network == "udp" && m.faults[k] == "" && !m.vain[k] && !m.walled[n.To.Name] &&
			m.arrived(k) < m.largest(k) {
			return false
		}
	}
	return true
}

// largest is the size of the largest packet that was sent one way.
func (m *mesh) largest(k int) int { return m.sizes[k][len(m.sizes[k])-1] }

// arrived is the size of the largest packet that came one way; 0 when none did.
func (m *mesh) arrived(k int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.needs[k]
	for _, size := range slices.Backward(m.sizes[k]) {
		if m.heard[datagram{m.place(n.From), m.place(n.To), n.Port, size}] {
			return size
		}
	}
	return 0
}

// paths are the results.
func (m *mesh) paths() []preflight.Path {
	var paths []preflight.Path
	for k, n := range m.needs {
		if m.vain[k] {
			continue
		}
		p := preflight.Path{From: n.From.Name, To: n.To.Name, Network: n.Network, Port: n.Port, Fault: m.faults[k]}
		if n.Network == "udp" {
			p.Sent, p.Arrived, p.Lost, p.Known = m.largest(k), m.arrived(k), m.lost(k), m.known[k]
			switch {
			case p.Arrived > 0:
				p.Fault = ""
			case p.Fault == "":
				p.Fault = "nothing arrived"
			}
		}
		paths = append(paths, p)
	}
	return paths
}
