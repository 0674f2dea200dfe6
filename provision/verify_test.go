package provision

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/verify"
	"kbootstrap/resource/api"
)

// TestWorld: the API is asked by the next control plane where the first cannot, each host asks for
// itself, and shows which services do not run there.
func TestWorld(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(r.Method + " " + r.URL.Path))
	}))
	t.Cleanup(server.Close)
	first, second := newHost(t, "m1"), newHost(t, "m2", "kubelet.service")
	for path, text := range map[string]string{
		"ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
		component.Admin: "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n" +
			"clusters: [{name: c, cluster: {server: \"" + server.URL + "\", certificate-authority: /ca.crt}}]\n",
		"proc/sys/net/ipv4/ip_forward": "0\n",
	} {
		at := filepath.Join(second.root, path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roles := []inventory.Role{inventory.Etcd, inventory.ControlPlane, inventory.Worker}
	c := &inventory.Cluster{Name: "test", Kubernetes: "v1.36.3", Hosts: []inventory.Host{
		{Name: "m1", Roles: roles}, {Name: "m2", Roles: roles},
	}}
	w := world{&Run{Cluster: c, lead: "m1", Fleet: fleet.Fleet{"m1": first.Machine, "m2": second.Machine}}}
	w.run.Fleet["m2"].Host = c.Hosts[1]

	got, err := w.API(t.Context(), api.Request{Method: http.MethodPost, Path: "/made"})
	if err != nil || string(got.Body) != "POST /made" {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := w.API(t.Context(), api.Request{Method: http.MethodGet, Path: "/none"}); err != nil ||
		got.Code != http.StatusNotFound {
		t.Errorf("got %+v, %v", got, err)
	}
	replies, err := w.Ask(t.Context(), "m1", []node.Question{{URL: "tcp://" + server.Listener.Addr().String()}})
	if err != nil || replies[0].Fault != "" {
		t.Errorf("got %+v, %v", replies, err)
	}
	if _, err := w.Ask(t.Context(), "m3", nil); err == nil {
		t.Error("there is no session to m3")
	}
	network, stopped, err := w.Look(t.Context(), "m2")
	if err != nil || network.Forward != "0" || slices.Contains(stopped, "kubelet.service") ||
		!slices.Contains(stopped, "kube-proxy.service") {
		t.Errorf("got %+v, %q, %v", network, stopped, err)
	}
}

func TestEventOf(t *testing.T) {
	o := verify.Outcome{
		Check: verify.Check{Name: "pods"}, Result: verify.Fail, Took: time.Second,
		Failures: []verify.Failure{{Host: "w1", Text: "silent"}, {Text: "no pods"}},
	}
	if e := eventOf(o); e.Text != "fail: w1: silent; no pods" || e.Component != "pods" || e.Took != time.Second {
		t.Errorf("%+v", e)
	}
	o = verify.Outcome{Check: verify.Check{Name: "policy"}, Result: verify.Skipped, Text: "not on"}
	if e := eventOf(o); !strings.HasPrefix(e.Text, "skipped: not on") {
		t.Errorf("%+v", e)
	}
}
