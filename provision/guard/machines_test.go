package guard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
)

// booted has hosts and nodes tell of a boot, each of its own, and nodes be ready.
func (c *changed) booted() {
	for name, facts := range c.Facts {
		facts.BootID = "boot of " + name
		c.Facts[name] = facts
	}
	for i := range c.Census.Nodes {
		n := &c.Census.Nodes[i]
		n.BootID, n.Ready = "boot of "+n.Name, true
	}
}

// TestMachines: an entry of the inventory that leads to the wrong machine is found by who the
// machine is, and by who the API says the nodes are.
func TestMachines(t *testing.T) {
	two := fixture.Small + "  - {name: w2, address: 192.168.56.22, roles: [worker]}\n"
	renamed := fixture.Edited(t, fixture.Small, "name: w1", "name: w9")
	lead := func(c *changed, host, machine string) { // the session to a host leads to the machine of another
		c.Facts[host] = c.Facts[machine]
	}
	same, other := string(fault.SameMachine), string(fault.OtherNode)
	taken, gone := string(fault.NodeTaken), string(fault.HostGone)
	for _, test := range []struct {
		what, then, now string
		before          func(*changed)
		want            []string
		says            string
		warns           string
	}{
		{what: "all as it should be", then: two, now: two},
		{
			what: "two entries lead to w1", then: two, now: two, before: func(c *changed) { lead(c, "w2", "w1") },
			want: []string{same + " w2", other + " w2"}, says: "(w1 and w2) lead to the same machine",
		},
		{
			what: "a new host's entry leads to a node that is not asked", then: fixture.Small, now: two,
			before: func(c *changed) {
				lead(c, "w2", "w1")
				delete(c.Facts, "w1")
				c.Limit = []string{"w2"}
			},
			want: []string{other + " w2"}, says: "leads to the machine that is the node w1 of the cluster",
		},
		{
			what: "two entries are mixed up", then: two, now: two, before: func(c *changed) {
				c.Facts["w1"], c.Facts["w2"] = c.Facts["w2"], c.Facts["w1"]
			},
			want: []string{other + " w1", other + " w2"},
		},
		{
			what: "a name was changed", then: fixture.Small, now: renamed, before: func(c *changed) {
				c.Facts["w9"] = host.Facts{MachineID: "of w1", BootID: "boot of w1", Units: []string{"kubelet.service"}}
			},
			want: []string{other + " w9", gone + " w1"},
		},
		{
			what: "a bare machine under the name of a node that lives", then: fixture.Small, now: fixture.Small,
			before: func(c *changed) { c.Facts["w1"] = host.Facts{MachineID: "new", BootID: "new"} },
			want:   []string{taken + " w1"}, says: "the node w1 runs on another machine (machine-id of w1)",
		},
		{
			what: "a machine of another cluster under that name", then: fixture.Small, now: fixture.Small,
			before: func(c *changed) {
				c.Facts["w1"] = host.Facts{MachineID: "new", BootID: "new", Units: []string{"kubelet.service"}}
			},
			want: []string{taken + " w1"},
		},
		{
			what: "a machine that was installed again", then: fixture.Small, now: fixture.Small,
			before: func(c *changed) {
				c.Facts["w1"] = host.Facts{MachineID: "new", BootID: "new"}
				c.Census.Nodes[1].Ready = false
			},
			warns: "w1 is a freshly installed machine",
		},
		{
			what: "a machine that got another machine-id and was not booted since", then: fixture.Small,
			now: fixture.Small, before: func(c *changed) {
				facts := c.Facts["w1"]
				facts.MachineID = "another"
				c.Facts["w1"] = facts
			},
		},
		{
			what: "a machine that was booted and whose kubelet is down", then: fixture.Small, now: fixture.Small,
			before: func(c *changed) {
				facts := c.Facts["w1"]
				facts.BootID = "later"
				c.Facts["w1"] = facts
			},
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel() // most of it waits for the disk
			c := change(t, test.then, test.now)
			c.booted()
			if test.before != nil {
				test.before(&c)
			}
			refused, warnings := Judge(c.Situation)
			if d := cmp.Diff(test.want, codesOf(refused)); d != "" {
				t.Errorf("refused:\n%s\n%s", d, refused)
			}
			if !strings.Contains(refused.Error(), test.says) {
				t.Errorf("%q is not in\n%s", test.says, refused)
			}
			if warned := strings.Join(warnings, "\n"); !strings.HasPrefix(warned, test.warns) ||
				test.warns == "" && warned != "" {
				t.Errorf("warned: %q", warnings)
			}
		})
	}
}
