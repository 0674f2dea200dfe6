package provision

import (
	"testing"

	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/fleet"
	"kbootstrap/release"
)

// TestWhole: what a run sees to on all hosts of a role depends on whom it has reached and on what
// it is limited to.
func TestWhole(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha) // m1 to m3 are all of etcd and of the control plane
	sets := releases{cluster: c, sets: map[string]*release.Set{"amd64": fixture.Resolve(t, c)}}
	for _, test := range []struct {
		what           string
		away           string
		scope          Scope
		members, hosts bool
	}{
		{"all", "", Scope{}, true, true},
		{"a worker is away", "w1", Scope{}, true, false},
		{"a member is away", "m3", Scope{}, false, false},
		{"limited to a member", "", Scope{Hosts: []string{"m1"}}, false, false},
		{"limited to all members", "", Scope{Hosts: []string{"m1", "m2", "m3"}}, true, false},
		{"limited to the service", "", Scope{Components: []string{"etcd"}}, false, false},
	} {
		r := &Run{Cluster: c, Scope: test.scope, Fleet: fleet.Fleet{}, releases: sets}
		for _, h := range c.Hosts {
			if h.Name != test.away {
				r.Fleet[h.Name] = &fleet.Machine{Host: h, Facts: host.Facts{Arch: "amd64"}}
			}
		}
		targets, err := targetsOf(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range targets {
			if target.AllMembers != test.members || target.AllHosts != test.hosts {
				t.Errorf("%s: of all members %t, of all hosts %t", test.what, target.AllMembers, target.AllHosts)
			}
		}
	}
}
