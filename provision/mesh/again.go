package mesh

import (
	"context"
	"fmt"

	"kbootstrap/node"
	"kbootstrap/provision/preflight"
)

// again tries once more what a service refused that held its port a moment before: it has ended or
// begins again, which says nothing about the way to it. Where it has ended, the host listens there
// itself now.
func (m *mesh) again(ctx context.Context) {
	places := m.refused()
	if places == nil {
		return
	}
	second := mesh{fleet: m.fleet, token: m.token, hosts: m.hosts, mtus: m.mtus}
	var needs []preflight.Need
	for _, k := range places {
		needs = append(needs, m.needs[k])
	}
	second.want(needs)
	listening, stop := context.WithCancel(ctx)
	wait := second.listen(listening)
	defer func() { stop(); wait() }()
	second.reach(ctx)
	for i, k := range places {
		m.faults[k] = second.faults[i]
	}
}

// refused are the needs whose port some service of a host held, and whose connection was refused.
func (m *mesh) refused() []int {
	var places []int
	for k, n := range m.needs {
		if to := m.place(n.To); to >= 0 && m.isHeld(to, n) && m.faults[k] == node.Refused {
			places = append(places, k)
		}
	}
	return places
}

func (m *mesh) isHeld(to int, n preflight.Need) bool {
	return n.Network == "tcp" && m.opened[to][fmt.Sprintf("%s/%d", n.Network, n.Port)].Held
}
