package mesh

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"kbootstrap/node"
)

const (
	// steps is how many sizes are tried at once between the largest packet that came and the
	// smallest that did not. So many passes find the byte, whatever the interfaces take.
	steps  = 40
	passes = 3
	// measured is how many ways are measured: the network that takes less is the same for most, and
	// of the others a packet is known that passes.
	measured = 64
)

// measure finds how large a packet may be on the ways on which the largest did not come.
func (m *mesh) measure(ctx context.Context) {
	for range passes {
		ways := m.narrow()
		if len(ways) == 0 || ctx.Err() != nil {
			return
		}
		m.refine(ctx, ways)
	}
}

// narrow are the ways that take packets, but not the largest, and of which the limit is not known
// yet.
func (m *mesh) narrow() []int {
	var ways []int
	for k, n := range m.needs {
		if n.Network == "udp" && !m.vain[k] && m.arrived(k) > 0 && m.lost(k) > m.arrived(k)+1 {
			ways = append(ways, k)
		}
	}
	return ways[:min(len(ways), measured)]
}

// lost is the size of the smallest packet that did not come one way though it was sent; 0 when none
// is larger than those that came.
func (m *mesh) lost(k int) int {
	arrived := m.arrived(k)
	for _, size := range m.sizes[k] {
		if size > arrived {
			return size
		}
	}
	return 0
}

// refine sends packets whose sizes lie between that of the largest that came and that of the
// smallest that did not, and waits for those that come.
func (m *mesh) refine(ctx context.Context, ways []int) {
	queries := make([]node.ReachQuery, len(m.hosts))
	for _, k := range ways {
		from, to := m.place(m.needs[k].From), m.place(m.needs[k].To)
		sizes := between(m.arrived(k), m.lost(k))
		queries[from].Targets = append(queries[from].Targets, node.Target{
			Network: "udp", Host: to, Sizes: sizes,
			Address: netip.AddrPortFrom(m.needs[k].To.Address, uint16(m.needs[k].Port)),
		})
		m.sent(k, sizes)
	}
	var all sync.WaitGroup
	for i, q := range queries {
		if len(q.Targets) == 0 {
			continue
		}
		q.Token, q.Host, q.Address = m.token, i, m.hosts[i].Address
		all.Go(func() {
			// What cannot be sent does not arrive.
			_, _ = m.fleet[m.hosts[i].Name].Client.Reach(ctx, q)
		})
	}
	all.Wait()
	m.await(ctx)
}

// sent notes what is sent one way besides.
func (m *mesh) sent(k int, sizes []int) {
	m.sizes[k] = append(m.sizes[k], sizes...)
	slices.Sort(m.sizes[k])
}

// between are sizes that divide what lies between two, without these.
func between(arrived, lost int) []int {
	gap := lost - arrived
	n := min(steps, gap-1)
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = arrived + (i+1)*gap/(n+1)
	}
	return sizes
}
