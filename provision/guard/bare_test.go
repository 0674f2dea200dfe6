package guard

import (
	"errors"
	"maps"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/provision/plan"
)

// TestBare: a cluster is missing where all that found one were asked and have nothing of it. A run
// that changes one is refused wherever no host tells of one.
func TestBare(t *testing.T) {
	bare := map[string]host.Facts{}
	for _, h := range ready(t).Cluster.Hosts {
		bare[h.Name] = host.Facts{}
	}
	has := func(facts host.Facts) func(*Situation) {
		return func(s *Situation) { s.Facts["m1"] = facts }
	}
	for name, test := range map[string]struct {
		before         func(*Situation)
		isBare, unmade bool
	}{
		"nothing":              {func(*Situation) {}, true, true},
		"docker of the owner":  {has(host.Facts{Units: []string{"docker.service"}}), true, true},
		"an up that was ended": {has(host.Facts{Units: []string{"etcd.service"}}), false, true},
		"a cluster":            {has(host.Facts{EtcdBootstrapped: "kbootstrap-x"}), false, false},
		"a founder not reached": {func(s *Situation) {
			delete(s.Facts, "m1")
			s.Unreached = plan.Failures{{Host: "m1", Component: "connect", Err: errors.New("m1: no answer")}}
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := ready(t)
			s.Facts = maps.Clone(bare)
			test.before(&s)
			if got := s.IsBare(); got != test.isBare {
				t.Errorf("bare: %v, want %v", got, test.isBare)
			}
			refused := Unmade(s)
			if (refused != nil) != test.unmade {
				t.Fatalf("refused: %v, want %v", refused, test.unmade)
			}
			if test.unmade && !fault.NoCluster.Is(refused) {
				t.Errorf("got %v", refused)
			}
		})
	}
}
