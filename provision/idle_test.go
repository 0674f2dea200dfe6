package provision

import (
	"testing"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// TestIdleRunAsksTwice: a run that has nothing to change opens a session to each host and looks
// once, however much it wants to know.
func TestIdleRunAsksTwice(t *testing.T) {
	hosts := []*fakeHost{newHost(t, "m1"), newHost(t, "m2")}
	wanted := func(string, string) []resource.Resource { return nil }
	r := runOf(t, wanted, hosts, component.Component{Name: "a"})
	r.Cluster.Hosts[0].Roles = []inventory.Role{inventory.Etcd, inventory.ControlPlane}
	r.lead, r.whole, r.hosts = "m1", r.Plan, r.Cluster.Hosts
	for _, h := range hosts { // a session of its own
		h.connect(t)
		r.Fleet[h.Host.Name] = h.Machine
	}
	r.Fleet["m1"].Facts = host.Facts{EtcdBootstrapped: component.EtcdToken(r.Cluster)}
	if err := ObserveAndSurvey(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.surveys) != len(hosts) || len(r.evidence) != len(hosts) {
		t.Errorf("seen %+v, %+v", r.surveys, r.evidence)
	}
	for _, h := range hosts {
		if n := h.Client.Requests(); n != 2 {
			t.Errorf("%s was asked %d times", h.Host.Name, n)
		}
	}
}
