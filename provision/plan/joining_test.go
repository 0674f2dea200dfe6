package plan_test

import (
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// TestJoinersStart: members of etcd join one after the other, and their API servers start together.
func TestJoinersStart(t *testing.T) {
	targets := fixture.TargetsOf(t, fixture.Ha)
	for i := range targets {
		targets[i].EtcdNew, targets[i].Joins = false, []string{"m2", "m3"}
	}
	p := plan.Build(component.Components(), targets)
	for name, want := range map[string]bool{"etcd": true, "kube-apiserver": false} {
		if got := comesAfter(p, name+"@m3", name+"@m2"); got != want {
			t.Errorf("%s of a host that joins waits for that of another: %v", name, got)
		}
	}
}

// TestJoiningOrder: the node of a control plane that joins does not wait for its member of etcd and
// its API server, and nothing else goes on sooner than these: its API server serves no learner, and
// the proxies that are in use send no client to an API server that is not there yet.
func TestJoiningOrder(t *testing.T) {
	for _, unit := range []string{"", "kubelet.service"} {
		targets := fixture.TargetsOf(t, fixture.Ha)
		planes := targets[0].Cluster.With(inventory.ControlPlane)
		first, joiner := planes[0].Name, planes[len(planes)-1].Name
		for i := range targets {
			f := &targets[i]
			f.EtcdNew, f.Joins = false, []string{joiner}
			if f.Host.Name != joiner {
				f.Facts.EtcdBootstrapped, f.Facts.Units = "yes", []string{"kube-apiserver.service", "kubelet.service"}
			} else if unit != "" {
				f.Facts.Units = []string{unit}
			}
		}
		p := plan.Build(component.Components(), targets)
		for _, c := range []struct {
			component, host, before, of string
			want                        bool
		}{
			{"kube-apiserver", joiner, "etcd", joiner, true},
			{"kube-api-proxy", first, "kube-apiserver", joiner, true},
			{"kubelet", first, "kube-apiserver", joiner, true}, // it restarts where its address changes
			{"health", joiner, "kube-apiserver", joiner, true},
			{"kubelet", joiner, "kube-api-proxy", joiner, true},
			{"kubelet", joiner, "kube-apiserver", joiner, unit != ""}, // its proxy is in use
		} {
			if got := comesAfter(p, c.component+"@"+c.host, c.before+"@"+c.of); got != c.want {
				t.Errorf("units %q: %s@%s waits for %s@%s: %v", unit, c.component, c.host, c.before, c.of, got)
			}
		}
	}
}

// comesAfter reports whether a step waits for another, directly or not.
func comesAfter(p plan.Plan, step, before string) bool {
	seen := map[int]bool{}
	var visit func(i int) bool
	visit = func(i int) bool {
		if fixture.Place(p.Steps[i]) == before {
			return true
		}
		if seen[i] {
			return false
		}
		seen[i] = true
		for _, j := range p.Before(i) {
			if visit(j) {
				return true
			}
		}
		return false
	}
	for i, s := range p.Steps {
		if fixture.Place(s) == step {
			return visit(i)
		}
	}
	return false
}
