package resource_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// fakeEtcd is a fake of the JSON gateway of etcd: of a cluster whose first member, m1, leads.
type fakeEtcd struct {
	t       *testing.T
	mu      sync.Mutex
	members []fakeMember
	next    int
	leader  string // an ID
	behind  int    // how often a promotion is refused before the learner has caught up
	ill     int    // how often a change is refused for the sake of the quorum
	lose    bool   // the next change is made, and its answer is lost
	cluster string // the version that a learner has of its cluster
	differs int    // how often each member computes a hash of its own
	hashes  int    // that were computed
	changes []string
	serves  int // the number of the list from which on all members serve clients, where it is not 0
	lists   int
}

type fakeMember struct {
	ID         string   `json:"ID"`
	Name       string   `json:"name,omitempty"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs,omitempty"`
	IsLearner  bool     `json:"isLearner,omitempty"`
}

const etcdAt = "127.0.0.1:2382"

// newEtcd serves at etcdAt, when it is the test's turn.
func newEtcd(m *machine) *fakeEtcd {
	e := &fakeEtcd{t: m.t, next: 2, leader: "1", members: []fakeMember{{
		ID: "1", Name: "m1", PeerURLs: []string{"https://192.168.56.11:2380"}, ClientURLs: []string{"http://" + etcdAt},
	}}}
	server := httptest.NewUnstartedServer(e)
	m.must(server.Listener.Close())
	server.Listener = listen(m.t, "tcp", etcdAt)
	server.Start()
	m.t.Cleanup(server.Close)
	return e
}

// add adds a member as another run did.
func (e *fakeEtcd) add(name string, learner bool) {
	id := fmt.Sprint(e.next)
	m := fakeMember{ID: id, Name: name, PeerURLs: []string{"https://192.168.56.1" + id + ":2380"}, IsLearner: learner}
	if name != "" {
		m.ClientURLs = []string{"http://" + etcdAt} // the fake answers for all
	}
	e.next, e.members = e.next+1, append(e.members, m)
}

func (e *fakeEtcd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.URL.Path == "/version" { // what peers may ask without a body
		_ = json.NewEncoder(w).Encode(map[string]string{"etcdserver": "3.6.14", "etcdcluster": e.cluster})
		return
	}
	var q struct {
		ID, TargetID string
		PeerURLs     []string
		IsLearner    bool
		Linearizable bool
		Revision     string
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		e.t.Error(err)
	}
	at := slices.IndexFunc(e.members, func(m fakeMember) bool { return m.ID == q.ID })
	refuse := func(text string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 9, "message": "etcdserver: " + text})
	}
	change := strings.TrimPrefix(r.URL.Path, "/v3/cluster/member/")
	switch {
	case change == "list" && q.Linearizable:
		if e.lists++; e.serves > 0 && e.lists >= e.serves {
			for i := range e.members {
				e.members[i].Name, e.members[i].ClientURLs = "m"+e.members[i].ID, []string{"http://" + etcdAt}
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"members": e.members})
		return
	case r.URL.Path == "/v3/maintenance/status":
		_ = json.NewEncoder(w).Encode(map[string]any{"leader": e.leader, "header": map[string]any{"revision": "7"}})
		return
	case r.URL.Path == "/v3/maintenance/hashkv" && q.Revision == "7":
		hash := 1234
		if e.hashes++; e.hashes <= e.differs {
			hash += e.hashes
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"hash": hash, "compact_revision": "5"})
		return
	case e.ill > 0:
		e.ill--
		refuse("unhealthy cluster")
		return
	case change == "add" && q.IsLearner:
		if slices.ContainsFunc(e.members, func(m fakeMember) bool { return m.PeerURLs[0] == q.PeerURLs[0] }) {
			refuse("Peer URLs already exists")
			return
		}
		e.members = append(e.members, fakeMember{ID: fmt.Sprint(e.next), PeerURLs: q.PeerURLs, IsLearner: true})
		e.next++
	case change == "promote" && e.behind > 0:
		e.behind--
		refuse("can only promote a learner member which is in sync with leader")
		return
	case change == "promote" && at >= 0:
		e.members[at].IsLearner = false
	case change == "remove" && at < 0:
		refuse("member not found")
		return
	case change == "remove":
		if e.members[at].ID == e.leader {
			e.t.Error("the leader is removed before it has handed over")
		}
		e.members = slices.Delete(e.members, at, at+1)
	case r.URL.Path == "/v3/maintenance/transfer-leadership":
		e.leader = q.TargetID
	default:
		e.t.Errorf("unexpected request: %s %+v", r.URL.Path, q)
	}
	e.changes = append(e.changes, change)
	if e.lose {
		e.lose = false
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write([]byte("{}"))
}

func joins() resource.Membership {
	return resource.Membership{
		Name: "m2", PeerURL: "https://192.168.56.12:2380", Unit: "etcd.service", DataDir: "/var/lib/etcd",
		Access: resource.EtcdAccess{Endpoints: []string{"http://127.0.0.1:1", "http://" + etcdAt}},
	}
}

func votes() resource.Vote {
	return resource.Vote{
		Name: "m2", PeerURL: joins().PeerURL, Access: joins().Access, Unit: "etcd.service", Timeout: time.Minute,
	}
}

// unheard is the vote of a learner whose port of peers the fake serves, too.
func unheard() resource.Vote {
	v := votes()
	v.PeerURL = "http://" + etcdAt
	return v
}

func agrees() resource.Agreement {
	return resource.Agreement{Name: "m2", PeerURL: joins().PeerURL, Access: joins().Access, Timeout: time.Minute}
}

func etcdLaws() []law {
	left := joins()
	left.Unit, left.DataDir, left.Absent = "", "", true
	return []law{
		{name: "join", start: func(m *machine) { newSystemd(m); newEtcd(m) }, wanted: joins()},
		{
			name: "was added", start: func(m *machine) { newSystemd(m); newEtcd(m).add("", true) }, wanted: joins(),
		},
		{
			name: "leave", start: func(m *machine) { newEtcd(m).add("m2", false) }, wanted: left,
			before: "member at https://192.168.56.12:2380\n",
		},
		{
			name: "promote", stays: true, wanted: votes(), start: func(m *machine) {
				m.put("/etc/systemd/system/etcd.service", "[Service]\n")
				m.must(newSystemd(m).start("etcd.service"))
				e := newEtcd(m)
				e.add("m2", true)
				e.behind = 1
			},
		},
		{
			name: "promote one that is not heard", stays: true, wanted: unheard(), start: func(m *machine) {
				m.put("/etc/systemd/system/etcd.service", "[Service]\n")
				s, e := newSystemd(m), newEtcd(m)
				e.add("m2", true)
				learner := &e.members[1]
				learner.PeerURLs, learner.ClientURLs, e.cluster = []string{unheard().PeerURL}, []string{"http://127.0.0.1:1"}, "3.6.0"
				m.must(s.start("etcd.service"))
				s.started["etcd.service"] = func() { learner.ClientURLs = []string{"http://" + etcdAt} }
			},
		},
		{
			name: "after a difference", stays: true, wanted: agrees(), start: func(m *machine) {
				e := newEtcd(m)
				e.add("m2", false)
				e.differs = 6 // two members are looked at twice before
			},
		},
	}
}

func drainLaws() []law {
	return []law{{
		name: "cordoned by an upgrade", stays: true,
		wanted: api.Schedulable{Node: "m1", Kubeconfig: "/etc/kubernetes/admin.conf"},
		start: func(m *machine) {
			k := newKube(m)
			k.register("m1", true)
			node := k.objects["/api/v1/nodes/m1"]
			node["spec"] = map[string]any{"unschedulable": true}
			node["metadata"].(map[string]any)["annotations"] = map[string]any{api.CordonMark: api.MarkUpgrade}
		},
	}, {
		name: "pods", stays: true,
		wanted: api.Drain{Node: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Mark: api.MarkRemoval},
		start: func(m *machine) {
			k := newKube(m)
			k.register("m1", true)
			owned := func(name, kind string) map[string]any {
				return map[string]any{"metadata": map[string]any{
					"name": name, "namespace": "default", "ownerReferences": []any{map[string]any{"kind": kind}},
				}}
			}
			k.objects["/api/v1/pods"] = map[string]any{"items": []any{
				owned("a", "ReplicaSet"), owned("b", "DaemonSet"),
			}}
		},
	}}
}

// TestLostAnswers: a change whose answer is lost is not made twice, and none is forgotten that was
// not made.
func TestLostAnswers(t *testing.T) {
	m := newMachine(t)
	newSystemd(m)
	e := newEtcd(m)
	e.lose, e.ill = true, 1
	m.apply(joins())
	e.members[1].Name, e.members[1].ClientURLs, e.lose = "m2", []string{"http://" + etcdAt}, true
	m.apply(votes())
	left := joins()
	left.Absent = true
	e.leader, e.lose = "2", true
	m.apply(left) // with the answer to the hand-over lost
	want := []string{"add", "promote", "/v3/maintenance/transfer-leadership", "remove"}
	if !slices.Equal(e.changes, want) {
		t.Errorf("changes are %q, want %q", e.changes, want)
	}
	if len(e.members) != 1 || m.Exists("/run/systemd/system/etcd.service.d") {
		t.Errorf("left are %+v", e.members)
	}
}

// TestUnheardLearner: a learner that has its data and serves no client is started again, once; one
// that still gets its data, or has not announced itself yet, is left alone and waited for.
func TestUnheardLearner(t *testing.T) {
	for name, test := range map[string]struct {
		member, cluster string
		restarts        int
	}{
		"not heard":         {"m2", "3.6.0", 1},
		"without data":      {"m2", "not_decided", 0},
		"not announced yet": {"", "3.6.0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.put("/etc/systemd/system/etcd.service", "[Service]\n")
			s, e := newSystemd(m), newEtcd(m)
			m.must(s.start("etcd.service"))
			e.add(test.member, true)
			e.members[1].PeerURLs, e.members[1].ClientURLs = []string{unheard().PeerURL}, []string{"http://127.0.0.1:1"}
			e.cluster, e.serves = test.cluster, 5
			restarts := 0
			s.started["etcd.service"] = func() { restarts++ }
			m.apply(unheard())
			if restarts != test.restarts || e.members[1].IsLearner {
				t.Errorf("started again %d times, not %d; learner: %v", restarts, test.restarts, e.members[1].IsLearner)
			}
			if e.lists < e.serves {
				t.Errorf("it was promoted at look %d, before it served clients", e.lists)
			}
		})
	}
}

// TestMayNotJoin: what would lose data, or break a promise that a member made, is not begun.
func TestMayNotJoin(t *testing.T) {
	for name, test := range map[string]struct {
		before func(m *machine, e *fakeEtcd)
		code   fault.Code
		says   string
	}{
		"data of another cluster": {
			func(m *machine, _ *fakeEtcd) { m.put("/var/lib/etcd/member/wal/0.wal", "log") },
			fault.MemberForeign, "has no member at https://192.168.56.12:2380",
		},
		"data of a former member": {
			func(m *machine, e *fakeEtcd) { m.put("/var/lib/etcd/member/wal/0.wal", "log"); e.add("", true) },
			fault.MemberForeign, "data of another etcd member",
		},
		"its disk is lost": {
			func(_ *machine, e *fakeEtcd) { e.add("m2", false) }, fault.MemberWithoutData, "has run before",
		},
		"another learner": {
			func(_ *machine, e *fakeEtcd) { e.next = 3; e.add("m3", true) },
			fault.MemberNotChanged, "one learner at a time",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			newSystemd(m)
			e := newEtcd(m)
			test.before(m, e)
			err := joins().Apply(t.Context(), m.System)
			if fault.Of(err) != test.code || !strings.Contains(fmt.Sprint(err), test.says) {
				t.Errorf("got %v", err)
			}
			if e.changes != nil {
				t.Errorf("changed: %q", e.changes)
			}
		})
	}
}

// TestDisagreement: members whose data differs, and stays so, are an error that tells each hash; so
// is one that gives no answer.
func TestDisagreement(t *testing.T) {
	m := newMachine(t)
	e := newEtcd(m)
	e.add("m2", false)
	e.differs = 1 << 30
	g := agrees()
	g.Timeout = time.Second
	err := g.Apply(t.Context(), m.System)
	if fault.Of(err) != fault.MembersDisagree || !strings.Contains(fmt.Sprint(err), "m2 000004") ||
		!strings.Contains(fmt.Sprint(err), "hashes at revision 7 differ: m1 000004") {
		t.Errorf("two members of other data: %v", err)
	}
	e.differs = 0
	e.add("m3", false)
	e.members[2].ClientURLs = []string{"http://127.0.0.1:1"}
	err = g.Apply(t.Context(), m.System)
	if fault.Of(err) != fault.MembersDisagree || !strings.Contains(fmt.Sprint(err), "the hash of m3") {
		t.Errorf("a member that is down: %v", err)
	}
}

// TestDrainAwaitsControllers: no pod is evicted while no controller manager leads, or has led for
// long enough.
func TestDrainAwaitsControllers(t *testing.T) {
	const at = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager"
	now := time.Now()
	lease := func(holder string, acquired, renewed time.Duration) map[string]any {
		return map[string]any{"spec": map[string]any{
			"holderIdentity": holder, "acquireTime": now.Add(-acquired).Format(time.RFC3339Nano),
			"renewTime": now.Add(-renewed).Format(time.RFC3339Nano),
		}}
	}
	for name, test := range map[string]struct {
		before, after map[string]any // when it has been read often enough
		says          string
	}{
		"its clock differs": {lease("m1", time.Hour, time.Minute), lease("m1", time.Hour, 58*time.Second), ""},
		"it has just begun": {lease("m2", time.Second, 0), lease("m2", time.Second, -9*time.Second), ""},
		"none leads":        {lease("m1", time.Hour, time.Minute), nil, "no kube-controller-manager leads"},
		"it was given up":   {lease("", time.Hour, 0), nil, "no kube-controller-manager leads"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			k := newKube(m)
			k.register("m1", true)
			k.objects["/api/v1/pods"] = map[string]any{"items": []any{map[string]any{"metadata": map[string]any{
				"name": "a", "namespace": "default", "ownerReferences": []any{map[string]any{"kind": "ReplicaSet"}},
			}}}}
			k.objects[at] = test.before
			k.ripe, k.later = k.reads+12, func() {
				if test.after != nil {
					k.objects[at] = test.after
				}
			}
			evicted := func() bool { return len(k.objects["/api/v1/pods"]["items"].([]any)) == 0 }
			drain := api.Drain{Node: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Mark: api.MarkUpgrade}
			drain.Timeout = 4 * time.Second
			err := drain.Apply(t.Context(), m.System)
			if test.says == "" && (err != nil || !evicted()) || test.says != "" && (err == nil || evicted() ||
				!strings.Contains(err.Error(), test.says)) {
				t.Errorf("evicted: %t, %v", evicted(), err)
			}
		})
	}
}

// TestUnowned: a pod that no controller would make again keeps its host.
func TestUnowned(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	k.register("m1", true)
	k.objects["/api/v1/pods"] = map[string]any{"items": []any{
		map[string]any{"metadata": map[string]any{"name": "alone", "namespace": "default"}},
	}}
	drain := api.Drain{Node: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Mark: api.MarkRemoval}
	err := drain.Apply(t.Context(), m.System)
	if fault.Of(err) != fault.DrainBlocked || !strings.Contains(err.Error(), "default/alone") {
		t.Errorf("got %v", err)
	}
}
