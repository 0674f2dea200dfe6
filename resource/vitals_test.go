package resource_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// vitalsSource asks the fake API.
func vitalsSource() api.VitalsSource {
	return api.VitalsSource{
		Kubeconfig: namespaceX().Kubeconfig, Namespace: "kube-system", Deployment: "x",
		Leases: []string{"kube-controller-manager"},
	}
}

// TestVitalsOfTheAPI: what an API server tells is read into values; what only other programs wrote,
// or what is granted already, is left out.
func TestVitalsOfTheAPI(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	k.crowd()
	k.place("m1", "m2")
	k.objects["/readyz"] = map[string]any{}
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339Nano) }
	pressed := node("m2", true, map[string]any{"key": "gpu", "effect": "NoSchedule"},
		map[string]any{"key": "soft", "effect": "PreferNoSchedule"})
	pressed["status"] = map[string]any{"conditions": []any{
		map[string]any{"type": "Ready", "status": "True"},
		map[string]any{"type": "DiskPressure", "status": "True", "reason": "Full", "message": "it is full"},
	}}
	k.nodes(node("m1", false), pressed)
	k.objects["/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"] = map[string]any{"items": []any{
		map[string]any{"metadata": map[string]any{"name": "kube-controller-manager"},
			"spec": map[string]any{"holderIdentity": "m1_6ef", "renewTime": ago(time.Minute)}},
		map[string]any{"metadata": map[string]any{"name": "another"}, "spec": map[string]any{}},
	}}
	request := func(name string, status map[string]any) map[string]any {
		return map[string]any{
			"metadata": map[string]any{"name": name, "creationTimestamp": ago(time.Hour)},
			"spec":     map[string]any{"signerName": "a/b", "username": "system:node:m1"}, "status": status,
		}
	}
	k.objects["/apis/certificates.k8s.io/v1/certificatesigningrequests"] = map[string]any{"items": []any{
		request("pending", map[string]any{}),
		request("granted", map[string]any{"conditions": []any{map[string]any{"type": "Approved", "status": "True"}}}),
	}}
	got := api.TakeVitals(t.Context(), m.System, vitalsSource())
	want := api.Vitals{API: &api.APIVitals{
		Nodes: []api.NodeVitals{
			{Name: "m1", Wrong: []string{"Ready is False: : "}},
			{Name: "m2", Ready: true, Taints: []string{"gpu:NoSchedule"},
				Wrong: []string{"DiskPressure is True: Full: it is full"}},
		},
		Leases:   []api.LeaseVitals{{Name: "kube-controller-manager", Holder: "m1", Age: time.Minute}},
		Requests: []api.RequestVitals{{Name: "pending", Signer: "a/b", By: "system:node:m1", Age: time.Hour}},
		Pods: &api.PodsVitals{Wanted: 2, Pods: []api.PodVitals{
			{Name: "x-0", Node: "m1", Ready: true}, {Name: "x-1", Node: "m2", Ready: true},
		}},
	}}
	near := cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() < 30*time.Second })
	if d := cmp.Diff(want, got, near, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}

	k.objects = map[string]map[string]any{}
	if got := api.TakeVitals(t.Context(), m.System, vitalsSource()); got.API.Error == "" || got.API.Nodes != nil {
		t.Errorf("an API without answers: %+v", got.API)
	}
	k.server.Close()
	if got := api.TakeVitals(t.Context(), m.System, vitalsSource()); !strings.Contains(got.API.Error, "refused") {
		t.Errorf("no API: %+v", got.API)
	}
	if got := api.TakeVitals(t.Context(), m.System, api.VitalsSource{}); got.API != nil || got.Etcd != nil {
		t.Errorf("nothing was asked: %+v", got)
	}
}

// TestVitalsOfEtcd: the member's own status, as its gateway writes it.
func TestVitalsOfEtcd(t *testing.T) {
	m := newMachine(t)
	answer := `{"header":{"member_id":"81"},"leader":"81","dbSize":"4096","dbSizeInUse":"1024","dbSizeQuota":"8192",` +
		`"errors":["memberID:81 alarm:NOSPACE "]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v3/maintenance/status" {
			http.Error(w, "not this", http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	take := func() api.EtcdVitals {
		return *api.TakeVitals(t.Context(), m.System, api.VitalsSource{Etcd: resource.Ready{URL: server.URL}}).Etcd
	}
	want := api.EtcdVitals{Member: "81", Leader: "81", Size: 4096, Used: 1024, Quota: 8192, Alarms: []string{"NOSPACE"}}
	if d := cmp.Diff(want, take()); d != "" {
		t.Error(d)
	}
	// A member without a leader leaves the number out, and one before 3.6 knows no quota.
	answer = `{"header":{"member_id":"81"},"dbSize":"4096","errors":["etcdserver: no leader"]}`
	if d := cmp.Diff(api.EtcdVitals{Member: "81", Size: 4096}, take()); d != "" {
		t.Error(d)
	}
	answer = "<html>"
	if got := take(); got.Error == "" || got.Member != "" {
		t.Errorf("no JSON: %+v", got)
	}
	server.Close()
	if got := take(); got.Error == "" {
		t.Errorf("no member: %+v", got)
	}
}

// TestVitalsOfAnUnreadyAPI: the checks that fail are named, and not those that pass.
func TestVitalsOfAnUnreadyAPI(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	inner := k.server.Config.Handler
	k.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, "[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\nreadyz check failed\n")
			return
		}
		inner.ServeHTTP(w, r)
	})
	if got := api.TakeVitals(t.Context(), m.System, vitalsSource()).API.Error; got != "it is not ready: etcd" {
		t.Errorf("got %q", got)
	}
}
