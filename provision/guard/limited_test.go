package guard

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// see leaves of a situation what a run sees that is limited: the first control plane and the hosts
// that it is limited to.
func (c *changed) see(limit, only []string) Situation {
	s := c.Situation
	s.Limit, s.Only = limit, only
	if len(limit) == 0 {
		return s
	}
	s.Facts, s.Evidence = map[string]host.Facts{}, map[string]Evidence{}
	first := s.Cluster.With(inventory.ControlPlane)[0].Name
	for name, facts := range c.Facts {
		if name == first || slices.Contains(limit, name) {
			s.Facts[name] = facts
			s.Evidence[name] = c.Evidence[name]
		}
	}
	return s
}

// TestLimitedSeesEnough: what contradicts the cluster that runs is refused of a limited run as of a
// full one, whatever it is limited to.
func TestLimitedSeesEnough(t *testing.T) {
	was := fixture.Ha + "  - {name: w2, address: 192.168.56.22, roles: [worker]}\n"
	edited := func(pairs ...string) string {
		text := was
		for i := 0; i < len(pairs); i += 2 {
			text = fixture.Edited(t, text, pairs[i], pairs[i+1])
		}
		return text
	}
	network := func(field string) string {
		return edited("runtime: containerd", "runtime: containerd\nnetwork: {"+field+"}")
	}
	for _, test := range []struct {
		what, now string
		before    func(*changed)
		want      fault.Code
	}{
		{what: "the name of the cluster", now: edited("cluster: ha", "cluster: other"), want: fault.OtherCluster},
		{what: "the network of pods", now: network("pods: 10.32.0.0/16"), want: fault.NetworkChanged},
		{what: "the network of Services", now: network("services: 10.64.0.0/20"), want: fault.NetworkChanged},
		{what: "the domain", now: network("domain: k8s.example.org"), want: fault.NetworkChanged},
		{what: "a minor version", now: edited("v1.36.3", "v1.35.4"), want: fault.Downgrade},
		{what: "an older patch", now: edited("v1.36.3", "v1.36.1"), want: fault.Downgrade},
		{
			what: "the address of the first control plane", now: edited("192.168.56.11", "192.168.56.31"),
			want: fault.MemberMoved,
		},
		{
			what: "the address of another, which is not asked", now: edited("192.168.56.13", "192.168.56.33"),
			want: fault.MemberMoved,
		},
		{
			what: "keys of another state directory", now: was, want: fault.AuthorityReplaced,
			before: func(c *changed) {
				other := fixture.Parse(t, was)
				c.Evidence = evidenceOf(planOf(t, other, fixture.Issue(t, other)), c.plan)
			},
		},
		{
			what: "a worker of another cluster", now: was, want: fault.OtherCluster,
			before: func(c *changed) {
				other := fixture.Parse(t, was)
				theirs := evidenceOf(planOf(t, other, fixture.Issue(t, other)), c.plan)
				c.Evidence["w2"] = theirs["w2"]
			},
		},
		{
			what: "the entry of a worker that leads to another", now: was, want: fault.OtherNode,
			before: func(c *changed) {
				c.booted()
				c.Facts["w2"] = c.Facts["w1"]
			},
		},
		{
			what: "a bare machine under the name of a node", now: was, want: fault.NodeTaken,
			before: func(c *changed) {
				c.booted()
				c.Facts["w2"] = host.Facts{MachineID: "new", BootID: "new"}
			},
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel() // most of it waits for the disk
			c := change(t, was, test.now)
			if test.before != nil {
				test.before(&c)
			}
			for _, scope := range []struct{ limit, only []string }{
				{}, {limit: []string{"w2"}}, {only: []string{"kubelet"}}, {only: []string{"coredns"}},
				{limit: []string{"w2"}, only: []string{"flannel"}},
			} {
				refused, _ := Judge(c.see(scope.limit, scope.only))
				if !test.want.Is(refused) {
					t.Errorf("limited to %q, %q: refused %v", scope.limit, scope.only, codesOf(refused))
				}
			}
		})
	}
}

// planOf is the whole plan of a cluster with some keys.
func planOf(t *testing.T, c *inventory.Cluster, keys *certs.PKI) plan.Plan {
	t.Helper()
	return plan.Build(component.Components(), fixture.TargetsWith(c, keys, fixture.Resolve(t, c)))
}

// TestHalfChanged: what all hosts must have alike is not changed on some of them.
func TestHalfChanged(t *testing.T) {
	patch := fixture.Edited(t, fixture.Ha, "v1.36.3", "v1.36.4")
	network := func(field string) string {
		return fixture.Edited(t, fixture.Ha, "runtime: containerd", "runtime: containerd\nnetwork: {"+field+"}")
	}
	gateway, port := network("flannel: {backend: host-gw}"), network("apiPort: 6444")
	w1, m1, all := []string{"w1"}, []string{"m1"}, []string{"m1", "m2", "m3", "w1"}
	clusters := map[string]changed{}
	for _, now := range []string{fixture.Ha, patch, gateway, port} {
		clusters[now] = change(t, fixture.Ha, now)
	}
	for _, test := range []struct {
		what        string
		now         string
		limit, only []string
		says        string // empty when it is not refused
	}{
		{"a patch everywhere", patch, nil, nil, ""},
		{"a patch on hosts that are all", patch, all, nil, ""},
		{"a patch on a worker", patch, w1, nil, "would bring kubelet, kube-proxy to Kubernetes v1.36.4, while"},
		{"a patch of the kubelet", patch, nil, []string{"kubelet"}, "would bring kubelet to Kubernetes v1.36.4"},
		{"a patch of the API server", patch, nil, []string{component.APIServer}, ""},
		{"a patch of one control plane", patch, m1, nil, ""},
		{"a patch, and DNS", patch, nil, []string{"coredns"}, ""},
		{"the same version on a worker", fixture.Ha, w1, nil, ""},
		{"a backend everywhere", gateway, nil, nil, ""},
		{"a backend by its component", gateway, nil, []string{"flannel"}, ""},
		{"a backend on a worker", gateway, w1, nil, `network.flannel is "vxlan, port 8472" in the running cluster`},
		{"a backend on a worker, and its kubelet", gateway, w1, []string{"kubelet"}, ""},
		{"the port of the API everywhere", port, nil, nil, ""},
		{"the port of the API on a worker", port, w1, nil, `network.apiPort is "6443" in the running cluster (on m1)`},
		{"the port of the API in the kubelets", port, nil, []string{"kubelet"}, `but "6444" in the inventory`},
	} {
		t.Run(test.what, func(t *testing.T) {
			c := clusters[test.now]
			refused, _ := Judge(c.see(test.limit, test.only))
			switch {
			case test.says == "" && refused != nil:
				t.Errorf("refused: %v", refused)
			case test.says != "" && (!fault.HalfChanged.Is(refused) || !strings.Contains(refused.Error(), test.says)):
				t.Errorf("%q is not in %v", test.says, refused)
			}
		})
	}
}

// TestOtherAuthority: a worker that trusts another authority belongs to another cluster; one that
// was never made does not, and a replaced authority is told once, of the control planes.
func TestOtherAuthority(t *testing.T) {
	c := change(t, fixture.Small, fixture.Small)
	other := fixture.Parse(t, fixture.Small)
	theirs := evidenceOf(planOf(t, other, fixture.Issue(t, other)), c.plan)
	ours := c.Evidence["w1"]
	for _, test := range []struct {
		what     string
		cp1, w1  Evidence
		refusals []string
	}{
		{"a worker of another cluster", c.Evidence["cp1"], theirs["w1"], []string{string(fault.OtherCluster) + " w1"}},
		{"a bare worker", c.Evidence["cp1"], Evidence{}, nil},
		{
			"another state directory", theirs["cp1"], theirs["w1"],
			[]string{string(fault.AuthorityReplaced) + " cp1"},
		},
		{"ours", c.Evidence["cp1"], ours, nil},
	} {
		c.Evidence = map[string]Evidence{"cp1": test.cp1, "w1": test.w1}
		refused, _ := Judge(c.Situation)
		if d := cmp.Diff(test.refusals, codesOf(refused)); d != "" {
			t.Errorf("%s:\n%s", test.what, d)
		}
	}
}
