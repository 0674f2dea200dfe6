package guard

import (
	"errors"
	"os"
	"path/filepath"
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
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// changed is a cluster that runs as one inventory made it, while the inventory says another now.
type changed struct {
	Situation
	plan plan.Plan // of all hosts, as the inventory says now
}

// change makes a cluster of one text, and a run over another. All hosts answer.
func change(t *testing.T, then, now string) changed {
	t.Helper()
	was, is := fixture.Parse(t, then), fixture.Parse(t, now)
	is.File = was.File // so they have one state directory
	before := plan.Build(
		component.Components(), fixture.TargetsWith(was, fixture.Issue(t, was), fixture.Resolve(t, was)),
	)
	whole := plan.Build(component.Components(), fixture.TargetsWith(is, fixture.Issue(t, is), fixture.Resolve(t, is)))
	store, err := certs.At(filepath.Join(is.StateDir(), "pki"))
	if err != nil {
		t.Fatal(err)
	}
	issued, err := store.Hosts()
	if err != nil {
		t.Fatal(err)
	}
	s := changed{plan: whole, Situation: Situation{
		Cluster: is, Facts: map[string]host.Facts{}, Evidence: evidenceOf(before, whole), Issued: issued,
	}}
	for _, h := range is.Hosts {
		facts := host.Facts{Arch: "amd64", MachineID: "of " + h.Name}
		if host, ok := was.Host(h.Name); ok {
			facts.Units = []string{"kubelet.service"}
			if host.Has(inventory.ControlPlane) {
				facts.Units = append(facts.Units, "kube-apiserver.service")
			}
			if host.Has(inventory.Etcd) {
				facts.EtcdData, facts.EtcdBootstrapped = true, component.EtcdToken(was)
			}
		}
		s.Facts[h.Name] = facts
	}
	for _, h := range was.Hosts {
		s.Census.Nodes = append(s.Census.Nodes, api.RegisteredNode{Name: h.Name, MachineID: "of " + h.Name})
		if h.Has(inventory.Etcd) {
			s.Census.Members = append(s.Census.Members, api.EtcdMember{
				Name: h.Name, PeerURLs: []string{"https://" + h.Address.String() + ":2380"}, Started: true,
			})
		}
	}
	return s
}

// loseData has a host lose its etcd data.
func (c *changed) loseData(name string) {
	facts := c.Facts[name]
	facts.EtcdData = false
	c.Facts[name] = facts
}

// evidenceOf is what is seen of hosts that are as one plan says by who has another.
func evidenceOf(before, whole plan.Plan) map[string]Evidence {
	evidence := map[string]Evidence{}
	for _, h := range whole.Hosts() {
		there := map[string]resource.Resource{}
		for _, step := range before.Steps {
			if step.About() != h.Name {
				continue
			}
			for _, w := range step.Wanted {
				there[w.ID()] = w
				if service, ok := w.(resource.Service); ok && service.Config != "" {
					own := component.OwnDropIn(service.Name)
					there[own.ID()] = resource.File{Path: own.Path, Content: []byte("[Service]\n")}
				}
			}
		}
		wanted := Witnesses(whole, h)
		var found []resource.Resource
		for _, w := range wanted {
			is := there[w.ID()]
			if is == nil {
				switch w := w.(type) {
				case resource.File:
					is = resource.File{Path: w.Path, Absent: true}
				case resource.Link:
					is = resource.Link{Path: w.Path, Absent: true}
				}
			}
			found = append(found, is)
		}
		evidence[h.Name] = EvidenceOf(wanted, found)
	}
	return evidence
}

// codesOf are the codes of refusals, each with its host.
func codesOf(rs Refusals) []string {
	var all []string
	for _, r := range rs {
		all = append(all, strings.TrimSpace(string(r.Fault())+" "+r.Host))
	}
	return all
}

// TestJudge: each destructive difference is found, named with its host, and told what to do; all
// others pass.
func TestJudge(t *testing.T) {
	code := func(c fault.Code, host string) string { return strings.TrimSpace(string(c) + " " + host) }
	three := fixture.Ha + "  - {name: w2, address: 192.168.56.22, roles: [worker]}\n"
	for _, test := range []struct {
		what, then, now string
		before          func(*changed)
		want            []string
		says            string
	}{
		{what: "nothing", then: fixture.Ha, now: fixture.Ha},
		{what: "a port, a label, a new worker", then: fixture.Ha, now: three},
		{what: "a patch", then: fixture.Ha, now: fixture.Edited(t, fixture.Ha, "v1.36.3", "v1.36.4")},
		{
			what: "two minor versions, both networks and the domain", then: fixture.Ha,
			now: fixture.Edited(t, fixture.Edited(t, fixture.Ha, "v1.36.3", "v1.34.3"), "runtime: containerd",
				"runtime: containerd\nnetwork: {pods: 10.32.0.0/16, services: 10.64.0.0/20, domain: k8s.example.org}"),
			want: []string{
				code(fault.NetworkChanged, ""), code(fault.NetworkChanged, ""), code(fault.NetworkChanged, ""),
				code(fault.Downgrade, "m1"), code(fault.Downgrade, "m2"), code(fault.Downgrade, "m3"),
				code(fault.Downgrade, "w1"),
			},
			says: "network.services is 10.96.0.0/12 in the running cluster (on m1), but 10.64.0.0/20 in the inventory",
		},
		{
			what: "a minor version up", then: fixture.Edited(t, fixture.Small, "v1.36.3", "v1.35.0"),
			now:  fixture.Small,
			want: []string{code(fault.MinorUpgrade, "cp1"), code(fault.MinorUpgrade, "w1")},
			says: "this host runs Kubernetes v1.35.0, but the inventory says v1.36.3",
		},
		{
			what: "an older patch", then: fixture.Small, now: fixture.Edited(t, fixture.Small, "v1.36.3", "v1.36.2"),
			want: []string{code(fault.Downgrade, "cp1"), code(fault.Downgrade, "w1")},
		},
		{
			what: "a worker left out", then: three, now: fixture.Ha, want: []string{code(fault.HostGone, "w2")},
			says: "this host is a node of the cluster",
		},
		{
			what: "a node that another tool has joined", then: fixture.Ha, now: fixture.Ha,
			before: func(c *changed) {
				c.Census.Nodes = append(c.Census.Nodes, api.RegisteredNode{Name: "theirs"})
			},
		},
		{
			what: "members left out", then: fixture.Ha,
			now: fixture.Edited(
				t,
				fixture.Edited(
					t, fixture.Ha, "  - {name: m2, address: 192.168.56.12, roles: [etcd, control-plane]}\n", "",
				),
				"  - {name: m3, address: 192.168.56.13, roles: [etcd, control-plane]}\n", "",
			),
			want: []string{
				code(fault.HostGone, "m2"), code(fault.HostGone, "m3"), code(fault.MemberGone, "m2"),
				code(fault.MemberGone, "m3"),
			},
		},
		{
			what: "a role moved", then: fixture.Ha,
			now: fixture.Edited(
				t,
				fixture.Edited(
					t, fixture.Ha, "m3, address: 192.168.56.13, roles: [etcd, control-plane]",
					"m3, address: 192.168.56.13, roles: [worker]",
				),
				"w1, address: 192.168.56.21, roles: [worker]", "w1, address: 192.168.56.21, roles: [etcd, worker]",
			),
			want: []string{code(fault.RoleMoved, "m3"), code(fault.RoleMoved, "m3"), code(fault.RefusedJoin, "")},
			says: "this host has etcd, but",
		},
		{
			what: "the address of a member", then: fixture.Small,
			now:  fixture.Edited(t, fixture.Small, "192.168.56.11", "192.168.56.12"),
			want: []string{code(fault.MemberMoved, "cp1")},
			says: "the address of this host is 192.168.56.12 in the inventory, but etcd has the member at " +
				"https://192.168.56.11:2380",
		},
		{
			what: "names of members swapped", then: fixture.Ha,
			now: fixture.Edited(
				t,
				fixture.Edited(
					t, fixture.Edited(t, fixture.Ha, "m1, address", "mx, address"), "m2, address", "m1, address",
				),
				"mx, address", "m2, address",
			),
			want: []string{code(fault.MemberMoved, "m2"), code(fault.MemberMoved, "m1")},
		},
		{
			what: "a member's disk is lost", then: fixture.Ha, now: fixture.Ha,
			before: func(c *changed) { c.loseData("m2") },
			want:   []string{code(fault.MemberEmpty, "m2")}, says: "holds no data",
		},
		{
			what: "a member that never started", then: fixture.Ha, now: fixture.Ha, before: func(c *changed) {
				c.loseData("m2")
				c.Census.Members[1].Started = false
			},
		},
		{
			what: "a member that was added and has no name yet", then: fixture.Ha, now: fixture.Ha,
			before: func(c *changed) {
				c.loseData("m2")
				c.Census.Members[1] = api.EtcdMember{PeerURLs: c.Census.Members[1].PeerURLs}
			},
		},
		{
			what: "no source tells of members", then: fixture.Ha, now: fixture.Ha, before: func(c *changed) {
				c.loseData("m2")
				c.Census = api.Census{}
			},
		},
		{
			what: "another cluster's name", then: fixture.Small,
			now:  fixture.Edited(t, fixture.Small, "cluster: small", "cluster: other"),
			want: []string{code(fault.OtherCluster, "cp1")},
			says: "this host belongs to the cluster small, but the inventory is for other",
		},
		{
			what: "everything, when there is no cluster yet", then: fixture.Small,
			now: fixture.Edited(t, fixture.Small, "v1.36.3", "v1.35.0\nnetwork: {pods: 10.32.0.0/16}"),
			before: func(c *changed) {
				c.Facts["cp1"] = host.Facts{}
				c.Census = api.Census{}
			},
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			c := change(t, test.then, test.now)
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
			for _, r := range refused {
				if r.Hint() == "" || !r.Fault().Is(refused) {
					t.Errorf("%+v", r)
				}
			}
			if len(warnings) > 0 {
				t.Errorf("warnings: %q", warnings)
			}
		})
	}
}

// TestForeignKeys: keys of another state directory are not those of the cluster; a new certificate
// for the same key is.
func TestForeignKeys(t *testing.T) {
	c := change(t, fixture.Small, fixture.Small)
	other := fixture.Parse(t, fixture.Small)
	theirs := plan.Build(
		component.Components(), fixture.TargetsWith(other, fixture.Issue(t, other), fixture.Resolve(t, other)),
	)
	c.Evidence = evidenceOf(theirs, c.plan)
	refused, _ := Judge(c.Situation)
	want := []string{string(fault.AuthorityReplaced) + " cp1"}
	if d := cmp.Diff(want, codesOf(refused)); d != "" {
		t.Error(d)
	}
	c.KeysLost = true
	if refused, _ := Judge(c.Situation); refused != nil {
		t.Errorf("keys that are not there are compared: %v", refused)
	}

	renewed := change(t, fixture.Small, fixture.Small)
	ca := filepath.Join(renewed.Cluster.StateDir(), "pki", "ca.crt")
	if err := os.Remove(ca); err != nil {
		t.Fatal(err)
	}
	whole := plan.Build(
		component.Components(),
		fixture.TargetsWith(renewed.Cluster, fixture.Issue(t, renewed.Cluster), fixture.Resolve(t, renewed.Cluster)),
	)
	renewed.Evidence = evidenceOf(renewed.plan, whole)
	if key := renewed.Evidence["cp1"].Keys[0]; key.Found == key.Wanted {
		t.Fatal("the certificate was not made again")
	}
	if refused, _ := Judge(renewed.Situation); refused != nil {
		t.Errorf("a renewed certificate is refused: %v", refused)
	}
}

// TestReimagedWorker: a run warns of a worker that was installed again, and makes it a node again.
func TestReimagedWorker(t *testing.T) {
	c := change(t, fixture.Small, fixture.Small)
	c.Facts["w1"] = host.Facts{MachineID: "another"}
	refused, warnings := Judge(c.Situation)
	if refused != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "w1 is a freshly installed machine") {
		t.Errorf("refused %v, warned %q", refused, warnings)
	}
}

// TestQuorum: members are not restarted when the others are no majority without them.
func TestQuorum(t *testing.T) {
	away := errors.New("no route to host")
	for _, test := range []struct {
		what    string
		away    []string
		changes bool
		want    []string
	}{
		{"all are there", nil, true, nil},
		{"one is away", []string{"m3"}, true, []string{string(fault.QuorumAtRisk) + " m1"}},
		{"one is away, and nothing is to be done", []string{"m3"}, false, nil},
		{"the worker is away", []string{"w1"}, true, nil},
	} {
		c := change(t, fixture.Ha, fixture.Ha)
		for i := range c.plan.Steps {
			s := &c.plan.Steps[i]
			s.Found = append([]resource.Resource{}, s.Wanted...)
			for k, w := range s.Found {
				if service, ok := w.(resource.Service); ok && test.changes && s.Component.Name == "etcd" {
					service.Config = "older"
					s.Found[k] = service
				}
			}
		}
		for _, name := range test.away {
			c.Unreached = append(c.Unreached, plan.Failure{Host: name, Component: "connect", Err: away})
		}
		c.Restarts = RestartsOf(c.plan.Without(test.away...))
		if d := cmp.Diff(test.want, codesOf(quorum(c.Situation))); d != "" {
			t.Errorf("%s:\n%s", test.what, d)
		}
	}
}

// TestElsewhere: a run that is limited to some hosts is told of others that are gone, and goes on;
// what it would contradict is refused all the same.
func TestElsewhere(t *testing.T) {
	three := fixture.Ha + "  - {name: w2, address: 192.168.56.22, roles: [worker]}\n"
	moved := fixture.Edited(
		t, fixture.Edited(t, fixture.Ha, "runtime: containerd", "runtime: containerd\nnetwork: {pods: 10.32.0.0/16}"),
		"192.168.56.13", "192.168.56.14",
	)
	for _, test := range []struct {
		limit []string
		want  []string
		warn  int
	}{
		{
			nil,
			[]string{string(fault.NetworkChanged), string(fault.HostGone) + " w2", string(fault.MemberMoved) + " m3"},
			0,
		},
		{[]string{"w1"}, []string{string(fault.NetworkChanged), string(fault.MemberMoved) + " m3"}, 1},
		{[]string{"m1"}, []string{string(fault.NetworkChanged), string(fault.MemberMoved) + " m3"}, 1},
	} {
		c := change(t, three, moved)
		c.Limit = test.limit
		refused, warnings := Judge(c.Situation)
		if d := cmp.Diff(test.want, codesOf(refused)); d != "" || len(warnings) != test.warn {
			t.Errorf("limited to %s: warned %q\n%s", test.limit, warnings, d)
		}
	}
}

// TestLostEncryptionKey: a key on a control plane that is not in the state directory is refused
// before anything is written over it.
func TestLostEncryptionKey(t *testing.T) {
	c := change(t, fixture.Small, fixture.Small)
	pki := fixture.Issue(t, c.Cluster)
	c.EncryptionKeys = pki.EncryptionKeys()
	known := host.Provider{Name: c.EncryptionKeys[0].Name, Sum: c.EncryptionKeys[0].Sum}
	identity := host.Provider{Name: host.Identity}
	for _, test := range []struct {
		name  string
		found []host.Provider
		own   string // the argument of kube-apiserver
		want  []string
	}{
		{name: "none"},
		{name: "ours", found: []host.Provider{known, identity}},
		{
			name: "another under the same name", found: []host.Provider{identity, {Name: "key1", Sum: "other"}},
			want: []string{string(fault.EncryptionKeyLost) + " cp1"},
		},
		{
			name: "a second one", found: []host.Provider{{Name: "key2", Sum: "other"}, known},
			want: []string{string(fault.EncryptionKeyLost) + " cp1"},
		},
		{
			name: "another configuration", found: []host.Provider{known}, own: "/etc/mine.yaml",
			want: []string{string(fault.EncryptionKeyLost)},
		},
	} {
		facts := c.Facts["cp1"]
		facts.Encryption = test.found
		c.Facts["cp1"] = facts
		c.Cluster.Arguments = map[string]map[string]string{
			component.APIServer: {"encryption-provider-config": test.own},
		}
		refused, _ := Judge(c.Situation)
		got := codesOf(refused)
		for i := range got {
			got[i] = strings.TrimSpace(got[i])
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s:\n%s", test.name, d)
		}
	}
}
