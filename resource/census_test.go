package resource_test

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// TestCensus: the nodes as the API lists them, and the members as etcd's peers are told of them.
func TestCensus(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	k.objects["/api/v1/nodes"] = map[string]any{"kind": "NodeList", "items": []any{
		map[string]any{
			"metadata": map[string]any{"name": "m1"},
			"status": map[string]any{
				"nodeInfo": map[string]any{"machineID": "one", "systemUUID": "uuid", "bootID": "boot"},
				"addresses": []any{
					map[string]any{"type": "Hostname", "address": "m1"},
					map[string]any{"type": "InternalIP", "address": "192.168.56.11"},
				},
				"conditions": []any{
					map[string]any{"type": "DiskPressure", "status": "False"},
					map[string]any{"type": "Ready", "status": "True"},
				},
			},
		},
		map[string]any{"metadata": map[string]any{"name": "w1"}},
	}}
	etcd := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/members" {
			http.NotFound(w, r)
			return
		}
		// As etcd 3.6 answers it.
		_, _ = w.Write([]byte(`[{"id":9372538179322589801,"peerURLs":["https://192.168.56.11:2380"],"name":"m1","clientURLs":["https://192.168.56.11:2379"]},
			{"id":10501334649042878790,"peerURLs":["https://192.168.56.12:2380"],"isLearner":true}]` + "\n"))
	}))
	t.Cleanup(etcd.Close)
	m.put("/ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: etcd.Certificate().Raw})))

	from := api.CensusSource{
		Kubeconfig: "/etc/kubernetes/admin.conf",
		Members:    resource.Ready{URL: etcd.URL + "/members", CACert: "/ca.pem"},
	}
	want := api.Census{
		Nodes: []api.RegisteredNode{
			{
				Name: "m1", MachineID: "one", SystemUUID: "uuid", BootID: "boot", Address: "192.168.56.11", Ready: true,
			},
			{Name: "w1"},
		},
		Members: []api.EtcdMember{
			{Name: "m1", PeerURLs: []string{"https://192.168.56.11:2380"}, Started: true},
			{PeerURLs: []string{"https://192.168.56.12:2380"}, Learner: true},
		},
	}
	if d := cmp.Diff(want, api.TakeCensus(t.Context(), m.System, from)); d != "" {
		t.Error(d)
	}

	// Who is not there has said nothing.
	for what, nobody := range map[string]api.CensusSource{
		"not asked": {},
		"no kubeconfig": {
			Kubeconfig: "/etc/kubernetes/none.conf",
			Members:    resource.Ready{URL: etcd.URL, CACert: "/none.pem"},
		},
		"another authority": {Members: resource.Ready{URL: etcd.URL + "/members"}},
		"another path":      {Members: resource.Ready{URL: etcd.URL + "/other", CACert: "/ca.pem"}},
	} {
		if d := cmp.Diff(api.Census{}, api.TakeCensus(t.Context(), m.System, nobody)); d != "" {
			t.Errorf("%s:\n%s", what, d)
		}
	}
}

// TestCensusAsksFiguresLast: the figures of an API server may take long, and keep no other server
// from being asked.
func TestCensusAsksFiguresLast(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	k.objects["/api/v1/nodes"] = map[string]any{"kind": "NodeList", "items": []any{}}
	for _, path := range []string{"/metrics", "/apis/policy/v1/poddisruptionbudgets", "/api/v1/pods"} {
		k.objects[path] = map[string]any{}
	}
	etcd := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.reads != 1 { // of the nodes
			t.Errorf("etcd is asked after %d answers of the API", k.reads)
		}
		_, _ = w.Write([]byte(`[{"name":"m1"}]`))
	}))
	etcd.Start()
	t.Cleanup(etcd.Close)
	census := api.TakeCensus(t.Context(), m.System, api.CensusSource{
		Kubeconfig: "/etc/kubernetes/admin.conf", Members: resource.Ready{URL: etcd.URL + "/members"}, Upgrade: true,
	})
	if len(census.Members) != 1 || census.Upgrade == nil || census.Upgrade.Error != "" || k.reads != 4 {
		t.Errorf("%d answers of the API: %+v", k.reads, census)
	}
}

// TestCensusCallsFromItself: a member is called from the address that it is called at, which its
// certificate has; another may be the first of the interface.
func TestCensusCallsFromItself(t *testing.T) {
	m := newMachine(t)
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.94.7:0")
	if err != nil {
		t.Fatal(err)
	}
	var from string
	etcd := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ = net.SplitHostPort(r.RemoteAddr)
		_, _ = w.Write([]byte(`[{"name":"m1"}]`))
	}))
	_ = etcd.Listener.Close()
	etcd.Listener = listener
	etcd.Start()
	t.Cleanup(etcd.Close)
	census := api.TakeCensus(t.Context(), m.System, api.CensusSource{
		Members: resource.Ready{URL: etcd.URL + "/members"},
	})
	if len(census.Members) != 1 || from != "127.0.94.7" {
		t.Errorf("called from %q: %+v", from, census)
	}
}
