package guard

import (
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/resource/api"
)

// ready is a cluster of three control planes that may be upgraded.
func ready(t *testing.T) Situation {
	t.Helper()
	s := healthy(t)
	s.Upgrade = &Upgrade{
		Drains: []string{"m1", "m2", "m3", "w1"}, Servers: []string{"m1", "m2", "m3"}, AcceptDowntime: true,
		Views: map[string]api.UpgradeView{"m1": {}, "m2": {}, "m3": {}}, Now: time.Now(),
		Certificates: []Certificate{{Path: "pki/ca.crt", Ends: time.Now().Add(leastLife + time.Hour)}},
	}
	for _, h := range s.Cluster.Hosts {
		s.Census.Nodes = append(s.Census.Nodes, api.RegisteredNode{Name: h.Name, Ready: true})
	}
	return s
}

// TestUpgraded: what an upgrade would meet is refused before anything is changed.
func TestUpgraded(t *testing.T) {
	view := func(v api.UpgradeView) func(*Situation) {
		return func(s *Situation) { s.Upgrade.Views["m1"] = v }
	}
	for name, test := range map[string]struct {
		before func(*Situation)
		code   fault.Code
		texts  []string
	}{
		"nothing": {before: func(*Situation) {}},
		"old versions of the API, on two servers": {
			before: func(s *Situation) {
				old := []api.RequestedAPI{{Resource: "ingresses.v1beta1.extensions", Removed: "1.36"},
					{Resource: "later.v1beta1", Removed: "1.37"}}
				s.Upgrade.Views["m1"], s.Upgrade.Views["m3"] = api.UpgradeView{Requested: old},
					api.UpgradeView{Requested: old}
			},
			code: fault.UpgradeAPIs,
			texts: []string{"ingresses.v1beta1.extensions, which Kubernetes 1.36 serves no more " +
				"(API servers on m1, m3)"},
		},
		"a budget and a pod without an owner": {
			before: view(api.UpgradeView{
				Budgets: []api.ExhaustedBudget{{Name: "a/b", Healthy: 2, Desired: 2}},
				Unowned: []api.PodOnNode{{Name: "default/alone", Node: "w1"}},
			}),
			code:  fault.UpgradeStuck,
			texts: []string{"a/b allows no pod to go: 2 pods are healthy", "w1: nothing would make these pods again"},
		},
		"a budget, and no node is emptied": {before: func(s *Situation) {
			view(api.UpgradeView{Budgets: []api.ExhaustedBudget{{Name: "a/b"}}})(s)
			s.Upgrade.Drains = nil
		}},
		"a budget, and a node that is empty already and not Ready": {before: func(s *Situation) {
			view(api.UpgradeView{Budgets: []api.ExhaustedBudget{{Name: "a/b"}}})(s)
			s.Census.Nodes[0].Mark, s.Census.Nodes[0].Ready = api.MarkUpgrade, false
		}},
		"one worker": {
			before: func(s *Situation) { s.Upgrade.AcceptDowntime = false },
			code:   fault.UpgradeDowntime, texts: []string{"w1: this is the only worker"},
		},
		"nodes": {
			before: func(s *Situation) {
				s.Census.Nodes[0].Ready = false
				s.Census.Nodes[1].Mark = api.MarkRemoval
				s.Census.Nodes = s.Census.Nodes[:3]
			},
			code: fault.UpgradeUnwell,
			texts: []string{"m1: the node is not Ready", "m2: `remove-node` has begun",
				"w1: this host of the inventory is no node"},
		},
		"no API": {
			before: func(s *Situation) { s.Census.Nodes = nil },
			code:   fault.UpgradeUnwell, texts: []string{"the API does not tell its nodes"},
		},
		"etcd and API servers": {
			before: func(s *Situation) {
				s.Upgrade.Views["m2"] = api.UpgradeView{Error: "connection refused"}
				s.Etcd["m3"] = api.EtcdVitals{Leader: "1", Alarms: []string{"NOSPACE"}}
				s.Census.Members[0].Learner = true
			},
			code: fault.UpgradeUnwell,
			texts: []string{"m2: the API server does not tell what an upgrade would meet: connection refused",
				"m3: the member of etcd is not well: alarm NOSPACE", "etcd has a learner: m1"},
		},
		"an authority": {
			before: func(s *Situation) { s.Upgrade.Certificates[0].Ends = s.Upgrade.Now.Add(time.Hour) },
			code:   fault.UpgradeUnwell, texts: []string{"pki/ca.crt ends on "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := ready(t)
			test.before(&s)
			refuses(t, test.code, upgraded(s), test.texts...)
		})
	}
}

// TestMinorVersions: an upgrade goes one minor version at a time, and `up` none.
func TestMinorVersions(t *testing.T) {
	for _, test := range []struct {
		from, kubelet string // what m1 has; the inventory says 1.36.3
		upgrades      bool
		want          fault.Code
	}{
		{from: "1.36.2", kubelet: "1.36.2"},
		{from: "1.36.2", kubelet: "1.36.2", upgrades: true},
		{from: "1.35.4", kubelet: "1.35.4", want: fault.MinorUpgrade},
		{from: "1.35.4", kubelet: "1.35.4", upgrades: true},
		{from: "1.36.3", kubelet: "1.35.4", want: fault.MinorUpgrade}, // half done
		{from: "1.36.3", kubelet: "1.35.4", upgrades: true},
		{from: "1.34.1", kubelet: "1.34.1", want: fault.UpgradeSkips},
		{from: "1.34.1", kubelet: "1.34.1", upgrades: true, want: fault.UpgradeSkips},
		{from: "1.35.4", kubelet: "1.34.1", upgrades: true, want: fault.UpgradeSkips},
		{from: "1.36.4", kubelet: "1.36.3", upgrades: true, want: fault.Downgrade},
	} {
		s := healthy(t)
		s.Evidence = map[string]Evidence{"m1": {Kubernetes: test.from, Kubelet: test.kubelet}}
		if test.upgrades {
			s.Upgrade = &Upgrade{}
		}
		got := changedVersions(s)
		switch {
		case test.want == "" && got != nil:
			t.Errorf("%+v: %v", test, got)
		case test.want != "" && (len(got) != 1 || got[0].Fault() != test.want || got[0].Host != "m1"):
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// TestEtcdFloor: etcd moves to 3.6 only from patches of 3.5 that have told it who the members are.
func TestEtcdFloor(t *testing.T) {
	for found, want := range map[string]fault.Code{
		"3.5.31": fault.UpgradeEtcd, "3.5.32": "", "3.5.33": "", "3.6.0": "", "3.4.40": fault.UpgradeSkips,
	} {
		s := healthy(t)
		s.Upgrade = &Upgrade{}
		s.Evidence = map[string]Evidence{"m1": {Etcd: found}}
		got := changedVersions(s)
		if want == "" && got != nil || want != "" && (len(got) != 1 || got[0].Fault() != want) {
			t.Errorf("etcd %s: %v", found, got)
		}
	}
}

// TestOneControlPlane: a single control plane is upgraded only when that is allowed.
func TestOneControlPlane(t *testing.T) {
	s := Situation{Cluster: fixture.Parse(t, fixture.Small), Upgrade: &Upgrade{Servers: []string{"cp1"}}}
	if n := len(s.Cluster.With(inventory.ControlPlane)); n != 1 {
		t.Fatalf("%d control planes", n)
	}
	refuses(t, fault.UpgradeDowntime, s.downtime(), "cp1: this is the only control plane")
	s.Upgrade.Servers = nil // it is upgraded already
	refuses(t, fault.UpgradeDowntime, s.downtime())
}
