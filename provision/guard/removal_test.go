package guard

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// healthy is the cluster with three control planes, all of whose members are well.
func healthy(t *testing.T) Situation {
	t.Helper()
	c := fixture.Parse(t, fixture.Ha)
	s := Situation{Cluster: c, Facts: map[string]host.Facts{}, Etcd: map[string]api.EtcdVitals{}}
	for _, h := range c.Hosts {
		s.Facts[h.Name] = host.Facts{
			EtcdData: true, EtcdBootstrapped: component.EtcdToken(c), Units: []string{"kube-apiserver.service"},
		}
		s.Etcd[h.Name] = api.EtcdVitals{Leader: "1"}
		s.Census.Members = append(s.Census.Members, api.EtcdMember{
			Name: h.Name, PeerURLs: []string{"https://" + h.Address.String() + ":2380"}, Started: true,
		})
	}
	return s
}

// refuses checks that the refusals have one text each, in their order, and one code.
func refuses(t *testing.T, code fault.Code, got Refusals, texts ...string) {
	t.Helper()
	ok := len(got) == len(texts)
	for i := range min(len(got), len(texts)) {
		ok = ok && strings.Contains(got[i].Error(), texts[i]) && got[i].Fault() == code && got[i].Hint() != ""
	}
	if !ok {
		t.Errorf("got %d refusals:\n%v\nwant %q", len(got), fmt.Sprint(got), texts)
	}
}

func TestRemoval(t *testing.T) {
	for name, test := range map[string]struct {
		leave []string
		dead  bool
		sick  string
		texts []string
	}{
		"two of three": {leave: []string{"m2", "m3"}},
		"a worker":     {leave: []string{"w1"}},
		"a dead one":   {leave: []string{"m3"}, dead: true, sick: "m3"},
		"one of three": {leave: []string{"m3"}, texts: []string{
			"2 of 3 members of etcd would stay, whose quorum is 2",
		}},
		"all": {leave: []string{"m1", "m2", "m3"}, texts: []string{
			"all 3 control planes", "all 3 members",
		}},
		"a dead one, with one down": {leave: []string{"m3"}, dead: true, sick: "m2", texts: []string{
			"1 of the 2 members of etcd that stay are well, and their quorum is 2: m2 (no answer)",
		}},
		"two, and the last is down": {leave: []string{"m2", "m3"}, sick: "m1", texts: []string{
			"0 of the 1 members of etcd that stay are well",
		}},
		"a worker, with one down": {leave: []string{"w1"}, sick: "m2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(t)
			s.Leavers, s.Dead = test.leave, test.dead
			if test.sick != "" {
				s.Etcd[test.sick] = api.EtcdVitals{Error: "no answer"}
			}
			refuses(t, fault.RefusedRemoval, Removal(s), test.texts...)
		})
	}
}

// TestRemovalWaitsForLearners: who is about to join is not left to a quorum that shrinks.
func TestRemovalWaitsForLearners(t *testing.T) {
	s := healthy(t)
	s.Leavers = []string{"m2", "m3"}
	s.Census.Members = append(s.Census.Members, api.EtcdMember{PeerURLs: []string{"https://192.168.56.14:2380"}, Learner: true})
	refuses(t, fault.RefusedRemoval, Removal(s), "etcd has a learner: a member that has not started")
}

// TestJoining: a new member joins those that are all well, and nothing else is under way.
func TestJoining(t *testing.T) {
	for name, test := range map[string]struct {
		change func(s *Situation)
		texts  []string
	}{
		"all are well": {func(*Situation) {}, nil},
		"it is a learner by now": {func(s *Situation) {
			s.Census.Members = append(s.Census.Members, api.EtcdMember{PeerURLs: []string{"https://192.168.56.13:2380"}, Learner: true})
		}, nil},
		"another learner": {func(s *Situation) {
			s.Census.Members = append(s.Census.Members, api.EtcdMember{Name: "mx", PeerURLs: []string{"https://192.168.56.19:2380"}, Learner: true})
		}, []string{"a learner that this run does not add: mx at https://192.168.56.19:2380"}},
		"an alarm": {func(s *Situation) {
			s.Etcd["m1"] = api.EtcdVitals{Leader: "1", Alarms: []string{"NOSPACE"}}
		}, []string{"1 of the 2 members of etcd are not well, and another one would change their quorum from 2 to 2: " +
			"m1 (alarm NOSPACE)"}},
		"no leader": {func(s *Situation) { s.Etcd["m2"] = api.EtcdVitals{} }, []string{"m2 (it knows no leader)"}},
		"data is there": {func(s *Situation) {
			s.Facts["m3"] = host.Facts{EtcdData: true}
		}, []string{"m3: /var/lib/etcd holds the data of an etcd that is no member"}},
		"another version": {func(s *Situation) {
			s.Evidence = map[string]Evidence{"m1": {Etcd: "3.4.9"}}
		}, []string{"m1: this member of etcd runs v3.4.9, and a new one would run v3."}},
		"nothing is known of members": {func(s *Situation) {
			s.Census.Members = nil
		}, []string{"no member of etcd tells who belongs to it"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(t)
			s.Facts["m3"] = host.Facts{}
			s.Census.Members = slices.DeleteFunc(s.Census.Members, func(m api.EtcdMember) bool {
				return m.Name == "m3" || m.Name == "w1"
			})
			test.change(&s)
			refuses(t, fault.RefusedJoin, joining(s), test.texts...)
		})
	}
}

// TestMemberAdded: a run that leaves something out adds no member.
func TestMemberAdded(t *testing.T) {
	s := healthy(t)
	s.Facts["m3"], s.Only = host.Facts{}, []string{"kubelet"}
	s.Census.Members = s.Census.Members[:2]
	refuses(t, fault.MemberAdded, members(s), "m3: ")
}
