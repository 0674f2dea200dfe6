package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource/kinds"
)

// TestPlansGrowWithHosts: ten times the hosts cost ten times as much to plan for and to ask, and
// not more. What each host is asked must not name all others.
func TestPlansGrowWithHosts(t *testing.T) {
	few, many := growthOf(t, 8), growthOf(t, 80)
	const more = 1.1 // than in proportion
	if many.allocations > more*few.allocations {
		t.Errorf("a plan for 80 hosts takes %.0f allocations a host, one for 8 hosts %.0f", many.allocations,
			few.allocations)
	}
	if many.bytes > more*few.bytes {
		t.Errorf("80 hosts are asked %.0f bytes each, 8 hosts %.0f", many.bytes, few.bytes)
	}
}

// growth is what a plan takes for each of its hosts.
type growth struct{ allocations, bytes float64 }

func growthOf(t *testing.T, hosts int) growth {
	t.Helper()
	var b strings.Builder
	b.WriteString("cluster: demo\nkubernetes: v1.36.3\nhosts:\n")
	for n := range hosts {
		role := "worker"
		if n == 0 {
			role = "control-plane, etcd, worker"
		}
		fmt.Fprintf(&b, "  - {name: w%d, address: 10.80.0.%d, roles: [%s]}\n", n, n+1, role)
	}
	targets := fixture.TargetsOf(t, b.String())
	var p plan.Plan
	g := growth{allocations: testing.AllocsPerRun(1, func() { p = plan.Build(component.Components(), targets) })}
	for _, s := range p.Steps {
		text, err := kinds.Marshal(s.Wanted)
		if err != nil {
			t.Fatal(err)
		}
		g.bytes += float64(len(text))
	}
	g.allocations /= float64(hosts)
	g.bytes /= float64(hosts)
	return g
}
