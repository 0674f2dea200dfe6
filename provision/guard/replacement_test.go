package guard

import (
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/resource/api"
)

// TestReplacement: a host that was installed again takes the place of the one before, and only
// then.
func TestReplacement(t *testing.T) {
	for name, test := range map[string]struct {
		change func(s *Situation)
		code   fault.Code
		texts  []string
	}{
		"installed again": {change: func(*Situation) {}},
		"with the data of before": {
			change: func(s *Situation) {
				s.Facts["m3"] = host.Facts{EtcdData: true, Units: []string{"kubelet.service"}}
			},
			code:  fault.NotInstalledAgain,
			texts: []string{"m3: this host was not installed again: it has data in /var/lib/etcd, kubelet.service"},
		},
		"another member is down": {
			change: func(s *Situation) { s.Etcd["m2"] = api.EtcdVitals{Error: "no answer"} },
			code:   fault.RefusedReplacement,
			texts: []string{"1 of the 2 other members of etcd are not well, and each of them is needed: m2 " +
				"(no answer)"},
		},
		"all are new": {
			change: func(s *Situation) {
				s.Leavers = []string{"m1", "m2", "m3"}
				s.Facts["m1"], s.Facts["m2"] = host.Facts{}, host.Facts{}
			},
			code:  fault.RefusedReplacement,
			texts: []string{"all 3 members of etcd would be new"},
		},
		"a learner": {
			change: func(s *Situation) {
				s.Census.Members = append(s.Census.Members, api.EtcdMember{
					PeerURLs: []string{"https://192.168.56.19:2380"}, Learner: true,
				})
			},
			code:  fault.RefusedReplacement,
			texts: []string{"etcd has a learner: a member that has not started at https://192.168.56.19:2380"},
		},
		"the node lives elsewhere": {
			change: func(s *Situation) {
				s.Facts["m3"] = host.Facts{MachineID: "new", BootID: "2"}
				s.Census.Nodes = []api.RegisteredNode{{Name: "m3", MachineID: "old", BootID: "1", Ready: true}}
			},
			code:  fault.NodeTaken,
			texts: []string{"m3: the node m3 runs on another machine"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(t)
			s.Leavers = []string{"m3"}
			s.Facts["m3"] = host.Facts{}
			delete(s.Etcd, "m3")
			test.change(&s)
			refuses(t, test.code, Replacement(s), test.texts...)
		})
	}
}
