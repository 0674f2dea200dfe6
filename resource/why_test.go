package resource_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// keep stores an object of any form at a path of the fake API.
func (k *fakeAPI) keep(path, object string) {
	k.t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		k.t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.objects[path] = fields
}

// TestSilentNameServer: a name server of the cluster that does not answer is told from a network
// that does not carry its answers, by what its endpoints say.
func TestSilentNameServer(t *testing.T) {
	const path = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"
	for what, test := range map[string]struct{ slices, says, hint string }{
		"no pod": {
			`{"items":[]}`, "of the endpoints of kube-system/kube-dns: there is none", "no pod of " +
				"kube-system/kube-dns is ready",
		},
		"a pod that is not ready": {
			`{"items":[{"ports":[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP"}],"endpoints":[
				{"addresses":["127.0.0.2"],"nodeName":"w2","conditions":{"ready":false}}]}]}`,
			"kube-dns: 127.0.0.2:53 on w2 is not ready", "no pod of kube-system/kube-dns is ready",
		},
		"a pod that is not reached": {
			`{"items":[{"ports":[{"port":1,"protocol":"UDP"}],"endpoints":[
				{"addresses":["127.0.0.2"],"nodeName":"w2","conditions":{"ready":true}}]}]}`,
			"kube-dns: 127.0.0.2:1 on w2 does not answer: a.b, asked of 127.0.0.2:1: ",
			"packets between this host and the pods on w2 are lost",
		},
	} {
		m := newMachine(t)
		newKube(m).keep(path, test.slices)
		r := resource.Ready{
			Name: "cluster DNS", URL: "dns://127.0.0.1:1/a.b", Timeout: 50 * time.Millisecond,
			Service: "kube-system/kube-dns", Kubeconfig: "/etc/kubernetes/admin.conf",
		}
		err := r.Apply(t.Context(), m.System)
		if err == nil || fault.Of(err) != fault.NameServerSilent || !strings.Contains(err.Error(), test.says) ||
			!strings.Contains(fault.HintOf(err), test.hint) || strings.Contains(err.Error(), "on 127.0.0.1:53") {
			t.Errorf("%s: %s: %v; hint %s", what, fault.Of(err), err, fault.HintOf(err))
		}
	}
	m := newMachine(t)
	r := resource.Ready{URL: "dns://127.0.0.1:1/a.b", Timeout: time.Millisecond, Service: "a/b", Kubeconfig: "/none"}
	if err := r.Apply(t.Context(), m.System); err == nil || !strings.Contains(err.Error(), "are not known: ") {
		t.Errorf("without a kubeconfig: %v", err)
	}
}

// TestRolloutTellsOfItsPods: an object that does not become ready is told with its pods: which, on
// which host, why, and the last warning about each.
func TestRolloutTellsOfItsPods(t *testing.T) {
	const (
		namespace = "/api/v1/namespaces/kube-system"
		object    = "/apis/apps/v1/namespaces/kube-system/deployments/x"
	)
	for what, test := range map[string]struct{ pod, says string }{
		"an image": {
			`"containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff","message":"no such image"}}}]`,
			"; pod x-1 on w1: ImagePullBackOff: no such image (FailedMount: it is late)",
		},
		"a crash loop": {
			`"containerStatuses":[{"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
				"lastState":{"terminated":{"exitCode":1,"reason":"Error","message":"no upstream"}}}]`,
			"pod x-1 on w1: CrashLoopBackOff; it ended 3 times, last with exit code 1 (Error) no upstream",
		},
		"no node": {
			`"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"1 had taint ` +
				`{a: }"}]`,
			"pod x-1 on w1 is on no node: Unschedulable: 1 had taint {a: }",
		},
		"an eviction": {`"reason":"Evicted","message":"low on memory"`, "pod x-1 on w1: Evicted: low on memory"},
		"a probe":     {`"phase":"Running"`, "pod x-1 on w1 runs, but is not ready"},
		"a start":     {`"phase":"Pending"`, "pod x-1 on w1 is Pending"},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMachine(t)
			k := newKube(m)
			k.keep(object, `{"metadata":{"generation":1},"spec":{"selector":{"matchLabels":{"app":"x"}}},
				"status":{"observedGeneration":1,"conditions":[{"type":"Available","status":"False","reason":"R","message":"m"}]}}`)
			k.keep(namespace+"/pods", `{"items":[{"metadata":{"name":"x-1"},"spec":{"nodeName":"w1"},
				"status":{`+test.pod+`}},
				{"metadata":{"name":"x-2"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}]}`)
			k.keep(namespace+"/events", `{"items":[{"reason":"FailedMount","message":"it is late","lastTimestamp":"2026-01-02T00:00:00Z"},
				{"reason":"FailedScheduling","message":"it was early","eventTime":"2026-01-01T00:00:00Z"}]}`)
			waitsInVain(t, func(timeout time.Duration) error {
				return api.Rollout{
					APIVersion: "apps/v1", Kind: "Deployment", Namespace: "kube-system", Name: "x",
					Kubeconfig: "/etc/kubernetes/admin.conf", Timeout: timeout,
				}.Apply(t.Context(), m.System)
			}, test.says, "(FailedMount: it is late)")
		})
	}
}

// TestReadyGivesUpOnStoppedUnit: a unit that was stopped, and is not about to start, is not
// waited for; one that another component is yet to start is.
func TestReadyGivesUpOnStoppedUnit(t *testing.T) {
	m := newMachine(t)
	newSystemd(m).units["etcd.service"] = &memoryUnit{active: "inactive"}
	r := resource.Ready{Name: "etcd", URL: "http://127.0.0.1:1", Unit: "etcd.service", Timeout: time.Hour}
	err := r.Apply(t.Context(), m.System)
	if err == nil || !strings.Contains(err.Error(), "etcd.service does not run, and nothing is about to start it") {
		t.Errorf("error is %v", err)
	}
	r.For, r.Timeout = "etcd", 8*time.Second
	if err := r.Apply(t.Context(), m.System); err == nil || !strings.Contains(err.Error(), "the time is up") {
		t.Errorf("error is %v", err)
	}
}
