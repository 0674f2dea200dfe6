package provision

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/remote"
	"kbootstrap/resource"
)

// changed is a cluster that runs as one inventory made it, while the inventory says another now.
type changed struct {
	*Run
	standing standing
}

// change makes a cluster of one text, and a run over another. All hosts answer.
func change(t *testing.T, then, now string) changed {
	t.Helper()
	was, is := fixture.Parse(t, then), fixture.Parse(t, now)
	is.File = was.File // so they have one state directory
	before := plan.Build(component.Components(), fixture.TargetsWith(was, fixture.Issue(t, was), fixture.Resolve(t, was)))
	whole := plan.Build(component.Components(), fixture.TargetsWith(is, fixture.Issue(t, is), fixture.Resolve(t, is)))
	store, err := certs.At(filepath.Join(is.StateDir(), "pki"))
	if err != nil {
		t.Fatal(err)
	}
	r := changed{
		Run:      &Run{Cluster: is, Fleet: fleet.Fleet{}, Unreached: map[string]error{}, Plan: whole, store: store},
		standing: standingOf(before, whole),
	}
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
		r.Fleet[h.Name] = &fleet.Machine{Host: h, Facts: facts}
	}
	for _, h := range was.Hosts {
		r.standing.census.Nodes = append(r.standing.census.Nodes, resource.RegisteredNode{Name: h.Name, MachineID: "of " + h.Name})
		if h.Has(inventory.Etcd) {
			r.standing.census.Members = append(r.standing.census.Members, resource.EtcdMember{
				Name: h.Name, PeerURLs: []string{"https://" + h.Address.String() + ":2380"}, Started: true,
			})
		}
	}
	return r
}

// standingOf is what is seen of hosts that are as one plan says by who has another.
func standingOf(before, whole plan.Plan) standing {
	s := standing{found: map[string]map[string]plan.Change{}}
	for _, h := range whole.Hosts() {
		there := map[string]resource.Resource{}
		for _, step := range before.Steps {
			if step.About() != h.Name {
				continue
			}
			for _, w := range step.Wanted {
				there[w.ID()] = w
				if service, ok := w.(resource.Service); ok && service.Config != "" {
					own := ownUnit(strings.TrimSuffix(service.Name, ".service"))
					there[own.ID()] = resource.File{Path: own.Path, Content: []byte("[Service]\n")}
				}
			}
		}
		s.found[h.Name] = map[string]plan.Change{}
		for _, w := range witnessesOf(whole, h) {
			found := there[w.ID()]
			if found == nil {
				switch w := w.(type) {
				case resource.File:
					found = resource.File{Path: w.Path, Absent: true}
				case resource.Link:
					found = resource.Link{Path: w.Path, Absent: true}
				}
			}
			s.found[h.Name][w.ID()] = plan.Change{Found: found, Wanted: w}
		}
	}
	return s
}

// codesOf are the codes of refusals, each with its host.
func codesOf(rs guard.Refusals) []string {
	var all []string
	for _, r := range rs {
		all = append(all, strings.TrimSpace(string(r.Fault())+" "+r.Host))
	}
	return all
}

// TestJudge: each destructive difference is found, named with its host, and told what to do; all others pass.
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
				code(fault.Downgrade, "m1"), code(fault.Downgrade, "m1"), code(fault.Downgrade, "m2"), code(fault.Downgrade, "m2"),
				code(fault.Downgrade, "m3"), code(fault.Downgrade, "m3"),
			},
			says: "network.services is 10.96.0.0/12 in the running cluster (on m1), and 10.64.0.0/20 in the inventory",
		},
		{
			what: "a minor version up", then: fixture.Edited(t, fixture.Small, "v1.36.3", "v1.35.0"), now: fixture.Small,
			want: []string{code(fault.MinorUpgrade, "cp1")}, says: "it runs Kubernetes v1.35.0, and the inventory says v1.36.3",
		},
		{
			what: "an older patch", then: fixture.Small, now: fixture.Edited(t, fixture.Small, "v1.36.3", "v1.36.2"), want: []string{code(fault.Downgrade, "cp1")},
		},
		{
			what: "a worker left out", then: three, now: fixture.Ha, want: []string{code(fault.HostGone, "w2")}, says: "it is a node of the cluster",
		},
		{
			what: "a node that somebody else has joined", then: fixture.Ha, now: fixture.Ha,
			before: func(c *changed) {
				c.standing.census.Nodes = append(c.standing.census.Nodes, resource.RegisteredNode{Name: "theirs"})
			},
		},
		{
			what: "members left out", then: fixture.Ha,
			now: fixture.Edited(t, fixture.Edited(t, fixture.Ha, "  - {name: m2, address: 192.168.56.12, roles: [etcd, control-plane]}\n", ""),
				"  - {name: m3, address: 192.168.56.13, roles: [etcd, control-plane]}\n", ""),
			want: []string{
				code(fault.HostGone, "m2"), code(fault.HostGone, "m3"), code(fault.MemberGone, "m2"), code(fault.MemberGone, "m3"),
			},
		},
		{
			what: "a role moved", then: fixture.Ha,
			now: fixture.Edited(t, fixture.Edited(t, fixture.Ha, "m3, address: 192.168.56.13, roles: [etcd, control-plane]", "m3, address: 192.168.56.13, roles: [worker]"),
				"w1, address: 192.168.56.21, roles: [worker]", "w1, address: 192.168.56.21, roles: [etcd, worker]"),
			want: []string{code(fault.RoleMoved, "m3"), code(fault.RoleMoved, "m3"), code(fault.MemberAdded, "w1")},
			says: "it has etcd, and",
		},
		{
			what: "the address of a member", then: fixture.Small, now: fixture.Edited(t, fixture.Small, "192.168.56.11", "192.168.56.12"),
			want: []string{code(fault.MemberMoved, "cp1")}, says: "its address is 192.168.56.12 in the inventory, and etcd has it at https://192.168.56.11:2380",
		},
		{
			what: "names of members swapped", then: fixture.Ha,
			now:  fixture.Edited(t, fixture.Edited(t, fixture.Edited(t, fixture.Ha, "m1, address", "mx, address"), "m2, address", "m1, address"), "mx, address", "m2, address"),
			want: []string{code(fault.MemberMoved, "m2"), code(fault.MemberMoved, "m1")},
		},
		{
			what: "a member's disk is lost", then: fixture.Ha, now: fixture.Ha, before: func(c *changed) { c.Fleet["m2"].Facts.EtcdData = false },
			want: []string{code(fault.MemberEmpty, "m2")}, says: "holds no data",
		},
		{
			what: "a member that never started", then: fixture.Ha, now: fixture.Ha, before: func(c *changed) {
				c.Fleet["m2"].Facts.EtcdData = false
				c.standing.census.Members[1].Started = false
			},
		},
		{
			what: "a member that was added and has no name yet", then: fixture.Ha, now: fixture.Ha, before: func(c *changed) {
				c.Fleet["m2"].Facts.EtcdData = false
				c.standing.census.Members[1] = resource.EtcdMember{PeerURLs: c.standing.census.Members[1].PeerURLs}
			},
		},
		{
			what: "nobody tells of members", then: fixture.Ha, now: fixture.Ha, before: func(c *changed) {
				c.Fleet["m2"].Facts.EtcdData = false
				c.standing.census = resource.Census{}
			},
		},
		{
			what: "another cluster's name", then: fixture.Small, now: fixture.Edited(t, fixture.Small, "cluster: small", "cluster: other"),
			want: []string{code(fault.OtherCluster, "cp1")}, says: "it belongs to the cluster small, and the inventory is for other",
		},
		{
			what: "everything, when there is no cluster yet", then: fixture.Small,
			now: fixture.Edited(t, fixture.Small, "v1.36.3", "v1.35.0\nnetwork: {pods: 10.32.0.0/16}"),
			before: func(c *changed) {
				c.Fleet["cp1"].Facts = host.Facts{}
				c.standing.census = resource.Census{}
			},
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			c := change(t, test.then, test.now)
			if test.before != nil {
				test.before(&c)
			}
			c.judge(c.standing)
			if d := cmp.Diff(test.want, codesOf(c.Refusals)); d != "" {
				t.Errorf("refused:\n%s\n%s", d, c.Refusals)
			}
			if !strings.Contains(c.Refusals.Error(), test.says) {
				t.Errorf("%q is not in\n%s", test.says, c.Refusals)
			}
			for _, r := range c.Refusals {
				if r.Hint() == "" || !r.Fault().Is(c.Refusals) {
					t.Errorf("%+v", r)
				}
			}
			if len(c.Warnings) > 0 {
				t.Errorf("warnings: %q", c.Warnings)
			}
		})
	}
}

// TestForeignKeys: keys of another state directory are not those of the cluster; a new certificate for the same key is.
func TestForeignKeys(t *testing.T) {
	c := change(t, fixture.Small, fixture.Small)
	other := fixture.Parse(t, fixture.Small)
	theirs := plan.Build(component.Components(), fixture.TargetsWith(other, fixture.Issue(t, other), fixture.Resolve(t, other)))
	c.standing = standing{found: standingOf(theirs, c.Plan).found, census: c.standing.census}
	c.judge(c.standing)
	want := []string{string(fault.AuthorityReplaced) + " cp1"}
	if d := cmp.Diff(want, codesOf(c.Refusals)); d != "" {
		t.Error(d)
	}

	renewed := change(t, fixture.Small, fixture.Small)
	ca := filepath.Join(renewed.Cluster.StateDir(), "pki", "ca.crt")
	if err := os.Remove(ca); err != nil {
		t.Fatal(err)
	}
	whole := plan.Build(component.Components(), fixture.TargetsWith(renewed.Cluster, fixture.Issue(t, renewed.Cluster), fixture.Resolve(t, renewed.Cluster)))
	s := standingOf(renewed.Plan, whole)
	if was, is := contents(s.found["cp1"][caFile]); was == is {
		t.Fatal("the certificate was not made anew")
	}
	if renewed.judge(s); renewed.Refusals != nil {
		t.Errorf("a renewed certificate is refused: %v", renewed.Refusals)
	}
}

// TestReimagedWorker: a worker that was made anew is told of, and made a node again.
func TestReimagedWorker(t *testing.T) {
	c := change(t, fixture.Small, fixture.Small)
	c.Fleet["w1"].Facts = host.Facts{MachineID: "another"}
	c.judge(c.standing)
	if c.Refusals != nil || len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0], "w1: it is another machine") {
		t.Errorf("refused %v, warned %q", c.Refusals, c.Warnings)
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
		for i := range c.Plan.Steps {
			s := &c.Plan.Steps[i]
			s.Found = append([]resource.Resource{}, s.Wanted...)
			for k, w := range s.Found {
				if service, ok := w.(resource.Service); ok && test.changes && s.Component.Name == "etcd" {
					service.Config = "older"
					s.Found[k] = service
				}
			}
		}
		for _, name := range test.away {
			c.Unreached[name] = away
		}
		c.Plan = c.Plan.Without(test.away...)
		if d := cmp.Diff(test.want, codesOf(c.quorum())); d != "" {
			t.Errorf("%s:\n%s", test.what, d)
		}
	}
}

// unreachedBy is a failure to connect.
func unreachedBy(host string) plan.Failure {
	return plan.Failure{Host: host, Component: "connect", Err: &remote.Error{
		Host: host, Op: "dial", Kind: remote.Unreachable, Err: errors.New("no route to host"),
	}}
}

// TestLeaveOut: who may be missing, from what.
func TestLeaveOut(t *testing.T) {
	found := host.Facts{EtcdBootstrapped: "kbootstrap-ha"}
	two, err := ParseTolerance("2")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what  string
		scope Scope
		facts host.Facts
		away  []string
		want  fault.Code // of the refusal
		plain bool       // or the failures alone
		lead  string
	}{
		{what: "nobody", facts: found, lead: "m1"},
		{what: "a worker, without a word about it", facts: found, away: []string{"w1"}, plain: true},
		{what: "a worker, who may", scope: Scope{Spare: two}, facts: found, away: []string{"w1"}, lead: "m1"},
		{what: "three, of whom two may", scope: Scope{Spare: two}, facts: found, away: []string{"m2", "m3", "w1"}, plain: true},
		{what: "three, seen by who only looks", scope: Scope{Sick: true}, facts: found, away: []string{"m1", "m2", "m3"}},
		{what: "all, seen by who only looks", scope: Scope{Sick: true}, facts: found, away: []string{"m1", "m2", "m3", "w1"}, plain: true},
		{what: "the first control plane", scope: Scope{Spare: two}, facts: found, away: []string{"m1"}, lead: "m2"},
		{what: "a worker of a new cluster", scope: Scope{Spare: two}, away: []string{"w1"}, lead: "m1"},
		{what: "a member of a new cluster", scope: Scope{Spare: two}, away: []string{"m2"}, want: fault.NotFounded},
		{what: "every control plane", scope: Scope{Spare: Tolerance{percent: 80}}, facts: found, away: []string{"m1", "m2", "m3"}, want: fault.NoControlPlane},
	} {
		c := fixture.Parse(t, fixture.Ha)
		r := &Run{Cluster: c, Scope: test.scope, Fleet: fleet.Fleet{}, Unreached: map[string]error{}}
		var failures plan.Failures
		for _, h := range c.Hosts {
			r.Fleet[h.Name] = &fleet.Machine{Host: h, Facts: test.facts}
		}
		for _, name := range test.away {
			delete(r.Fleet, name)
			failures = append(failures, unreachedBy(name))
		}
		err := r.leaveOut(c.Hosts, failures.ErrOrNil())
		if err == nil {
			err = r.founded()
		}
		var cause *remote.Error
		switch {
		case test.want != "" && (fault.Of(err) != test.want || !errors.As(err, &cause)):
			t.Errorf("%s: got %v", test.what, err)
		case test.plain && (len(failures) != len(errorsOf(err)) || fault.NotFounded.Is(err)):
			t.Errorf("%s: got %v", test.what, err)
		case test.want == "" && !test.plain && (err != nil || r.lead != test.lead):
			t.Errorf("%s: got %v, %q leads", test.what, err, r.lead)
		}
	}
}

// TestStillFounded: hosts that are lost while the plan is looked at are judged as those that were never reached, and a run
// does not go on with the plan of another lead.
func TestStillFounded(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	found := host.Facts{EtcdBootstrapped: "kbootstrap-ha"}
	for _, test := range []struct {
		what  string
		scope Scope
		facts host.Facts
		away  []string
		want  fault.Code
		plain bool
	}{
		{what: "nobody", scope: Scope{Change: true}, facts: found},
		{what: "another control plane", scope: Scope{Change: true}, facts: found, away: []string{"m2"}},
		{what: "the lead", scope: Scope{Change: true}, facts: found, away: []string{"m1"}, plain: true},
		{what: "the lead, seen by who only looks", scope: Scope{Sick: true}, facts: found, away: []string{"m1"}},
		{what: "every control plane", scope: Scope{Change: true}, facts: found, away: []string{"m1", "m2", "m3"}, want: fault.NoControlPlane},
		{what: "a member of a new cluster", scope: Scope{Change: true}, away: []string{"m2"}, want: fault.NotFounded},
	} {
		test.scope.Spare = Tolerance{hosts: 3}
		r := &Run{Cluster: c, Scope: test.scope, Fleet: fleet.Fleet{}, Unreached: map[string]error{}}
		for _, h := range c.Hosts {
			r.Fleet[h.Name] = &fleet.Machine{Host: h, Facts: test.facts}
		}
		if err := r.founded(); err != nil {
			t.Fatal(err)
		}
		var failures plan.Failures
		for _, name := range test.away {
			failures = append(failures, unreachedBy(name))
		}
		if err := r.leaveOut(c.Hosts, failures.ErrOrNil()); err != nil {
			t.Fatal(err)
		}
		err := r.stillFounded()
		switch {
		case test.want != "" && fault.Of(err) != test.want,
			test.plain && (len(errorsOf(err)) != len(test.away) || fault.NotFounded.Is(err)),
			test.want == "" && !test.plain && err != nil:
			t.Errorf("%s: got %v", test.what, err)
		}
	}
}

func errorsOf(err error) plan.Failures {
	var failures plan.Failures
	errors.As(err, &failures)
	return failures
}

// TestLockedIsNoSickness: a host on which another run is at work ends this one, however many may be missing.
func TestLockedIsNoSickness(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	r := &Run{Cluster: c, Scope: Scope{Spare: Tolerance{percent: 100}}, Unreached: map[string]error{}}
	locked := plan.Failures{{Host: "w1", Component: "connect", Err: &node.LockedError{}}}
	if err := r.leaveOut(c.Hosts, locked); !errors.As(err, new(*node.LockedError)) {
		t.Errorf("got %v", err)
	}
}

// TestLimitFoundsNothing: a run that is limited to a worker says that there is no cluster which it could join.
func TestLimitFoundsNothing(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	r := &Run{Cluster: c, Scope: Scope{Hosts: []string{"w1"}}, Fleet: fleet.Fleet{"m1": {}, "w1": {}}, Unreached: map[string]error{}}
	err := r.founded()
	if !fault.NotFounded.Is(err) || !strings.Contains(err.Error(), "m2, m3") {
		t.Errorf("got %v", err)
	}
}

// TestStateLost: without the state directory a cluster that is there keeps its authorities, and nothing is made.
func TestStateLost(t *testing.T) {
	for _, test := range []struct {
		what  string
		scope Scope
		token string
		want  fault.Code
		state bool // a state directory is made
	}{
		{"to change a new cluster", Scope{Change: true}, "", "", true},
		{"to change one that is there", Scope{Change: true}, "kbootstrap-small", fault.StateLost, false},
		{"to change one of another name", Scope{Change: true}, "kbootstrap-other", fault.OtherCluster, false},
		{"to plan a new cluster", Scope{}, "", "", false},
		{"to keep a plan of a new cluster", Scope{Keep: true}, "", "", true},
		{"to plan one that is there", Scope{}, "kbootstrap-small", fault.StateLost, false},
		{"to see the health of one that is there", Scope{Sick: true}, "kbootstrap-small", "", false},
	} {
		c := fixture.Parse(t, fixture.Small)
		store, err := certs.At(filepath.Join(c.StateDir(), "pki"))
		if err != nil {
			t.Fatal(err)
		}
		r := &Run{Cluster: c, Scope: test.scope, store: store, Fleet: fleet.Fleet{"cp1": {Facts: host.Facts{EtcdBootstrapped: test.token}}, "w1": {}}}
		if err := r.loadPKI(); err != nil || r.PKI != nil {
			t.Fatalf("%s: %v, %v", test.what, err, r.PKI)
		}
		err = r.newPKI()
		if fault.Of(err) != test.want || (err == nil) != (r.PKI != nil) {
			t.Errorf("%s: got %v", test.what, err)
		}
		if err == nil {
			if err := r.keepPKI(); err != nil {
				t.Error(err)
			}
		}
		if lost := r.Lost(); (lost != nil) != (test.scope.Sick && test.token != "") {
			t.Errorf("%s: lost is %v", test.what, lost)
		}
		if _, err := os.Stat(c.StateDir()); (err == nil) != test.state {
			t.Errorf("%s: the state directory: %v", test.what, err)
		}
	}
}

// TestParseTolerance: numbers and parts of all hosts.
func TestParseTolerance(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "2": 2, "0%": 0, "10%": 2, "9%": 1, "100%": 20} {
		tolerance, err := ParseTolerance(text)
		if err != nil || tolerance.Of(20) != want {
			t.Errorf("%s of 20: %d, %v", text, tolerance.Of(20), err)
		}
	}
	for _, text := range []string{"", "-1", "x", "101%", "%", "1.5"} {
		if _, err := ParseTolerance(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// TestElsewhere: a run that is limited to some hosts is told of others that are gone, and goes on; what it would contradict
// is refused all the same.
func TestElsewhere(t *testing.T) {
	three := fixture.Ha + "  - {name: w2, address: 192.168.56.22, roles: [worker]}\n"
	moved := fixture.Edited(t, fixture.Edited(t, fixture.Ha, "runtime: containerd", "runtime: containerd\nnetwork: {pods: 10.32.0.0/16}"), "192.168.56.13", "192.168.56.14")
	for _, test := range []struct {
		limit []string
		want  []string
		warn  int
	}{
		{nil, []string{string(fault.NetworkChanged), string(fault.HostGone) + " w2", string(fault.MemberMoved) + " m3"}, 0},
		{[]string{"w1"}, []string{string(fault.NetworkChanged)}, 2},
		{[]string{"m1"}, []string{string(fault.NetworkChanged), string(fault.MemberMoved) + " m3"}, 1},
	} {
		c := change(t, three, moved)
		c.Scope.Hosts = test.limit
		c.judge(c.standing)
		if d := cmp.Diff(test.want, codesOf(c.Refusals)); d != "" || len(c.Warnings) != test.warn {
			t.Errorf("limited to %s: warned %q\n%s", test.limit, c.Warnings, d)
		}
	}
}

// TestReach: a limited run asks another control plane when the first is out of reach, and only then.
func TestReach(t *testing.T) {
	for _, test := range []struct {
		what   string
		limit  []string
		away   []string
		locked bool
		hosts  []string // that the run is about
		failed []string
	}{
		{what: "all", hosts: []string{"m1", "m2", "m3", "w1"}},
		{what: "all, and the first is away", away: []string{"m1"}, hosts: []string{"m1", "m2", "m3", "w1"}, failed: []string{"m1"}},
		{what: "a worker", limit: []string{"w1"}, hosts: []string{"m1", "w1"}},
		{what: "a worker without the first", limit: []string{"w1"}, away: []string{"m1"}, hosts: []string{"m2", "w1"}},
		{what: "a worker without two", limit: []string{"w1"}, away: []string{"m1", "m2"}, hosts: []string{"m3", "w1"}},
		{what: "a worker without all", limit: []string{"w1"}, away: []string{"m1", "m2", "m3"}, hosts: []string{"m1", "w1"}, failed: []string{"m1"}},
		{what: "a worker that is away too", limit: []string{"w1"}, away: []string{"m1", "w1"}, hosts: []string{"m2", "w1"}, failed: []string{"w1"}},
		{what: "the first itself", limit: []string{"m1"}, away: []string{"m1"}, hosts: []string{"m1"}, failed: []string{"m1"}},
		{what: "another control plane", limit: []string{"m3"}, away: []string{"m1"}, hosts: []string{"m2", "m3"}},
		{what: "a control plane that is away too", limit: []string{"m2"}, away: []string{"m1", "m2"}, hosts: []string{"m2", "m3"}, failed: []string{"m2"}},
		{what: "a worker, and the first is locked", limit: []string{"w1"}, away: []string{"m1"}, locked: true, hosts: []string{"m1", "w1"}, failed: []string{"m1"}},
	} {
		c := fixture.Parse(t, fixture.Ha)
		r := &Run{Cluster: c, Scope: Scope{Hosts: test.limit}, Unreached: map[string]error{}}
		hosts, err := r.reach(func(hosts []inventory.Host) (fleet.Fleet, error) {
			reached, failures := fleet.Fleet{}, plan.Failures(nil)
			for _, h := range hosts {
				switch {
				case slices.Contains(test.away, h.Name) && test.locked:
					failures = append(failures, plan.Failure{Host: h.Name, Component: "connect", Err: &node.LockedError{}})
				case slices.Contains(test.away, h.Name):
					failures = append(failures, unreachedBy(h.Name))
				default:
					reached[h.Name] = &fleet.Machine{Host: h}
				}
			}
			return reached, failures.ErrOrNil()
		})
		var about []string
		for _, h := range hosts {
			about = append(about, h.Name)
			if r.Fleet[h.Name] == nil && !slices.Contains(test.failed, h.Name) && !slices.Contains(test.away, h.Name) {
				t.Errorf("%s: %s was not reached", test.what, h.Name)
			}
		}
		if d := cmp.Diff(test.hosts, about); d != "" {
			t.Errorf("%s: about\n%s", test.what, d)
		}
		if d := cmp.Diff(test.failed, errorsOf(err).Hosts()); d != "" {
			t.Errorf("%s: failed\n%s", test.what, d)
		}
		if asked := slices.Contains(about, "m1"); len(test.limit) > 0 && (len(r.Warnings) == 0) != asked {
			t.Errorf("%s: warned %q", test.what, r.Warnings)
		}
	}
}
