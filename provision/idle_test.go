package provision

import (
	"testing"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// TestIdleRunAsksTwice: a run that has nothing to change opens a session to each host and looks once, however much it wants
// to know.
func TestIdleRunAsksTwice(t *testing.T) {
	hosts := []*fakeHost{newHost(t, "m1"), newHost(t, "m2")}
	wanted := func(string, string) []resource.Resource { return nil }
	r := runOf(t, wanted, hosts, component.Component{Name: "a"})
	r.Cluster.Hosts[0].Roles = []inventory.Role{inventory.Etcd, inventory.ControlPlane}
	r.lead, r.Scope.Preflight = "m1", &Preflight{}
	for _, h := range hosts { // a session of its own
		h.connect(t)
		r.Fleet[h.Host.Name] = h.Machine
	}
	r.Fleet["m1"].Facts = host.Facts{EtcdBootstrapped: component.EtcdToken(r.Cluster)}
	s, err := r.observe(t.Context(), r.Plan, r.Cluster.Hosts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.seen) != len(hosts) || len(s.found["m2"]) == 0 {
		t.Errorf("seen %+v, %+v", r.seen, s)
	}
	for _, h := range hosts {
		if n := h.Client.Requests(); n != 2 {
			t.Errorf("%s was asked %d times", h.Host.Name, n)
		}
	}
}
