package guard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
)

// apart is a cluster whose roles are on hosts of their own.
const apart = `
cluster: apart
kubernetes: v1.36.3
hosts:
  - {name: e1, address: 192.168.56.31, roles: [etcd]}
  - {name: cp1, address: 192.168.56.11, roles: [control-plane]}
  - {name: cp2, address: 192.168.56.12, roles: [control-plane]}
  - {name: w1, address: 192.168.56.21, roles: [worker]}
`

// TestMovedHosts: a control plane or an etcd member at another address than the cluster knows is
// refused, whoever of the cluster still tells; a worker may move.
func TestMovedHosts(t *testing.T) {
	silent := func(c *changed) { // the API and etcd
		c.Census.Nodes, c.Census.Members = nil, nil
	}
	limitedTo := func(names ...string) func(*changed) {
		return func(c *changed) {
			c.Limit = names
			for name := range c.Facts {
				if name != "w1" && name != "cp1" {
					delete(c.Facts, name)
					delete(c.Evidence, name)
				}
			}
		}
	}
	member, plane := string(fault.MemberMoved), string(fault.AddressMoved)
	for _, test := range []struct {
		what, old, new string
		before         []func(*changed)
		want           []string
		says           string
	}{
		{
			what: "a worker", old: "192.168.56.21", new: "192.168.56.29",
		},
		{
			what: "a control plane", old: "192.168.56.12", new: "192.168.56.19",
			want: []string{plane + " cp2"},
			says: "192.168.56.19 in the inventory, but 192.168.56.12 in the running cluster (kube-apiserver.service",
		},
		{
			what: "a control plane, and the API is down", old: "192.168.56.12", new: "192.168.56.19",
			before: []func(*changed){silent}, want: []string{plane + " cp2"},
		},
		{
			what: "a control plane that is not asked", old: "192.168.56.12", new: "192.168.56.19",
			before: []func(*changed){limitedTo("w1")}, want: []string{plane + " cp2"}, says: "its node has it",
		},
		{
			what: "a member", old: "192.168.56.31", new: "192.168.56.39", want: []string{member + " e1"},
			says: "etcd has the member at https://192.168.56.31:2380",
		},
		{
			what: "a member, and nothing answers", old: "192.168.56.31", new: "192.168.56.39",
			before: []func(*changed){silent}, want: []string{member + " e1"}, says: "etcd.service on the host has it",
		},
		{
			what: "a member that is not asked", old: "192.168.56.31", new: "192.168.56.39",
			before: []func(*changed){limitedTo("w1")}, want: []string{member + " e1"},
		},
		{
			what: "a member that is not asked, and nothing answers", old: "192.168.56.31", new: "192.168.56.39",
			before: []func(*changed){limitedTo("w1"), silent}, want: []string{member + " e1"},
			says: "one of 192.168.56.31 in the running cluster (kube-apiserver.service on cp1 has these)",
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel() // most of it waits for the disk
			c := change(t, apart, fixture.Edited(t, apart, test.old, test.new))
			for i := range c.Census.Nodes {
				h, _ := fixture.Parse(t, apart).Host(c.Census.Nodes[i].Name)
				c.Census.Nodes[i].Address = h.Address.String()
			}
			for _, before := range test.before {
				before(&c)
			}
			refused, _ := Judge(c.Situation)
			if d := cmp.Diff(test.want, codesOf(refused)); d != "" {
				t.Errorf("refused:\n%s\n%s", d, refused)
			}
			if !strings.Contains(refused.Error(), test.says) {
				t.Errorf("%q is not in\n%s", test.says, refused)
			}
			for _, r := range refused {
				if !strings.Contains(r.Hint(), "write that address again") {
					t.Errorf("no way out: %s", r.Hint())
				}
			}
		})
	}
}

// TestMovedBack: a cluster that was half moved goes back to the address that etcd has, whatever the
// units say by now.
func TestMovedBack(t *testing.T) {
	moved := fixture.Edited(t, fixture.Small, "192.168.56.11", "192.168.56.19")
	c := change(t, moved, fixture.Small)
	c.Census.Members[0].PeerURLs = []string{"https://192.168.56.11:2380"}
	if refused, _ := Judge(c.Situation); refused != nil {
		t.Errorf("refused: %v", refused)
	}
	c.Census.Members = nil
	if refused, _ := Judge(c.Situation); len(refused) != 1 || refused[0].Code != fault.MemberMoved {
		t.Errorf("without etcd's list: %v", refused)
	}
}

// TestMovedBeforeItStood: before there is a cluster, an address that was wrong is just corrected.
func TestMovedBeforeItStood(t *testing.T) {
	c := change(t, fixture.Edited(t, fixture.Small, "192.168.56.11", "192.168.56.19"), fixture.Small)
	facts := c.Facts["cp1"]
	facts.EtcdBootstrapped = ""
	c.Facts["cp1"] = facts
	c.Census.Nodes, c.Census.Members = nil, nil
	if refused, _ := Judge(c.Situation); refused != nil {
		t.Errorf("refused: %v", refused)
	}
}

// TestEvidenceOfAddresses: what the units of a control plane were started with is read back.
func TestEvidenceOfAddresses(t *testing.T) {
	e := change(t, fixture.Small, fixture.Small).Evidence["cp1"]
	want := []Bound{{component.Etcd, "192.168.56.11"}, {component.APIServer, "192.168.56.11"}}
	if d := cmp.Diff(want, e.Addresses); d != "" {
		t.Error(d)
	}
	if e.APIPort != "6443" || e.Flannel != "vxlan, port 8472" || e.Members != nil { // it looks for its own alone
		t.Errorf("port %q, flannel %q, members %q", e.APIPort, e.Flannel, e.Members)
	}
}
