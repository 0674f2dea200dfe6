package resource_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/kube"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

func namespaceX() api.Object {
	return api.Object{
		Manifest:   []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}}`),
		Kubeconfig: "/etc/kubernetes/admin.conf",
	}
}

// TestObjectWaitsForTheAPI checks the answers after which the same request is sent again.
func TestObjectWaitsForTheAPI(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	k.refuse = []int{403, 404, 409, 429, 500, 503}
	m.apply(namespaceX())
	if !k.has("/api/v1/namespaces/x") || len(k.refuse) != 0 {
		t.Errorf("objects are %v, and still to be refused %v", k.objects, k.refuse)
	}
}

func TestObjectTakesNoForAnAnswer(t *testing.T) {
	m := newMachine(t)
	newKube(m).refuse = []int{422}
	err := namespaceX().Apply(t.Context(), m.System)
	if err == nil || err.Error() != "422: not yet" {
		t.Errorf("error is %v", err)
	}
}

// TestObjectBeforeTheCluster checks that what comes later in the same plan is not an error now.
func TestObjectBeforeTheCluster(t *testing.T) {
	m := newMachine(t)
	node := api.Node{Name: "m1", Kubeconfig: namespaceX().Kubeconfig}
	for _, when := range []string{"before there is a kubeconfig", "before the API listens"} {
		for _, r := range []resource.Resource{namespaceX(), node} {
			if found := m.observe(r); found.State() != "" {
				t.Errorf("%s it is found: %s", when, found.State())
			}
		}
		newKube(m).server.Close()
	}
}

func TestObjectIsReadPatiently(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	m.apply(namespaceX())
	k.refuse = []int{503, 429}
	if found := m.observe(namespaceX()); found.State() == "" {
		t.Error("an API that is busy has lost the object")
	}
}

func TestKubeconfigErrorShowsNoKey(t *testing.T) {
	m := newMachine(t)
	m.put("/etc/kubernetes/admin.conf", "users:\n- name: a\n  user: {client-key-data: c2VjcmV0\n")
	_, err := namespaceX().Observe(t.Context(), m.System)
	if err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Errorf("error is %v", err)
	}
}

func TestManifestPaths(t *testing.T) {
	const (
		secret    = `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}`
		daemonSet = `{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"a","namespace":"b"}}`
		role      = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"a"}}`
	)
	for manifest, want := range map[string]string{
		secret:    "/api/v1/namespaces/default/secrets/a",
		daemonSet: "/apis/apps/v1/namespaces/b/daemonsets/a",
		role:      "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/a",
		`{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}`:                               "/api/v1/nodes/a",
		`{"apiVersion":"x/v1","kind":"Rumour","metadata":{"name":"a"}}`:                           "",
		`{"apiVersion":"v1","kind":"Node","metadata":{}}`:                                         "",
		`{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}{"apiVersion":"v1"}`:            "",
		`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":{"k":["list"]}}`: "",
	} {
		_, path, err := api.Object{Manifest: []byte(manifest)}.Read()
		if path != want || (err == nil) == (want == "") {
			t.Errorf("%s is at %q: %v", manifest, path, err)
		}
	}
}

// TestProject compares what is wanted with what an API returns.
func TestProject(t *testing.T) {
	for name, c := range map[string]struct {
		wanted, found string
		equal         bool
	}{
		"defaults are let alone": {`{"a":{"b":1}}`, `{"a":{"b":1,"c":2},"d":3}`, true},
		"another value":          {`{"a":1}`, `{"a":2}`, false},
		"another type":           {`{"a":"1"}`, `{"a":1}`, false},
		"missing":                {`{"a":1}`, `{}`, false},
		"empty is left out":      {`{"a":"","b":{},"c":[],"d":false,"e":0,"f":null,"g":{"h":{}}}`, `{}`, true},
		"emptyDir":               {`{"emptyDir":{}}`, `{"emptyDir":{}}`, true},
		"named things in any order": {
			`{"l":[{"name":"a","v":1},{"name":"b"}]}`, `{"l":[{"name":"b"},{"name":"a","v":1}]}`, true,
		},
		"one more named thing":       {`{"l":[{"name":"a"}]}`, `{"l":[{"name":"a"},{"name":"b"}]}`, true},
		"one named thing less":       {`{"l":[{"name":"a"},{"name":"b"}]}`, `{"l":[{"name":"a"}]}`, false},
		"a named thing has changed":  {`{"l":[{"name":"a","v":1}]}`, `{"l":[{"name":"a","v":2}]}`, false},
		"one more argument":          {`{"args":["a"]}`, `{"args":["a","b"]}`, false},
		"arguments in another order": {`{"args":["a","b"]}`, `{"args":["b","a"]}`, false},
		"one more rule":              {`{"rules":[{"v":["get"]}]}`, `{"rules":[{"v":["get"]},{"v":["put"]}]}`, false},
		"one more who may": {
			`{"subjects":[{"name":"a"}]}`, `{"subjects":[{"name":"a"},{"name":"b"}]}`, false,
		},
		"a default in a list":         {`{"ports":[{"port":53}]}`, `{"ports":[{"port":53,"protocol":"TCP"}]}`, true},
		"a list where a value was":    {`{"a":"b"}`, `{"a":["b"]}`, false},
		"a value where a list was":    {`{"a":["b"]}`, `{"a":"b"}`, false},
		"an object where a value was": {`{"a":{"b":"c"}}`, `{"a":"c"}`, false},
	} {
		var wanted, found map[string]any
		for text, v := range map[string]*map[string]any{c.wanted: &wanted, c.found: &found} {
			if err := json.Unmarshal([]byte(text), v); err != nil {
				t.Fatal(err)
			}
		}
		kept, ok := kube.Project(found, wanted, "").(map[string]any)
		if !ok {
			t.Fatalf("%s: not an object", name)
		}
		a, b := api.StateOf(kube.Manifest{Fields: kept}), api.StateOf(kube.Manifest{Fields: wanted})
		if (a == b) != c.equal {
			t.Errorf("%s: found\n%s\nwanted\n%s", name, a, b)
		}
	}
}

// TestNodeComesLate checks the order: the kubelet registers, the tool labels, the network gets
// ready.
func TestNodeComesLate(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	foreign := map[string]any{
		"key":       "node.kubernetes.io/not-ready",
		"effect":    "NoSchedule",
		"timeAdded": "2026-01-01T00:00:00Z",
	}
	old := map[string]any{"key": "node-role.kubernetes.io/control-plane", "effect": "NoExecute"}
	n := api.Node{
		Name: "m1", Kubeconfig: namespaceX().Kubeconfig, Labels: map[string]string{"a": "b"},
		Taints: []string{"node-role.kubernetes.io/control-plane:NoSchedule", "dedicated=db:NoExecute"},
	}
	k.refuse = []int{404, 404, 503}
	k.register("m1", true, foreign, old)
	m.apply(n)
	if found := m.observe(n); resource.Changed(found, n) {
		t.Errorf("diff is\n%s", resource.Diff(found, n))
	}
	spec, err := json.Marshal(k.objects["/api/v1/nodes/m1"]["spec"])
	m.must(err)
	const want = `{"taints":[` +
		`{"effect":"NoSchedule","key":"node.kubernetes.io/not-ready","timeAdded":"2026-01-01T00:00:00Z"},` +
		`{"effect":"NoSchedule","key":"node-role.kubernetes.io/control-plane"},` +
		`{"effect":"NoExecute","key":"dedicated","value":"db"}]}`
	if string(spec) != want {
		t.Errorf("taints are\n%s\nwant\n%s", spec, want)
	}
	if !slices.Equal(k.patches, []string{"application/merge-patch+json"}) {
		t.Errorf("patches are %q", k.patches)
	}
}

// TestNodeSparesOthersTaints: of the taints that are not wanted, only the control plane's goes.
func TestNodeSparesOthersTaints(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	infra := map[string]any{"key": "node-role.kubernetes.io/infra", "effect": "NoSchedule"}
	controlPlane := map[string]any{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
	k.register("m1", true, infra, controlPlane)
	n := api.Node{Name: "m1", Kubeconfig: namespaceX().Kubeconfig}
	if found := m.observe(n).State(); found != "registered\ntaint node-role.kubernetes.io/control-plane:NoSchedule\n" {
		t.Errorf("found is\n%s", found)
	}
	if got := m.converge([]resource.Resource{n}); !slices.Equal(got, []string{"node m1"}) {
		t.Errorf("changed is %q", got)
	}
	spec, err := json.Marshal(k.objects["/api/v1/nodes/m1"]["spec"])
	m.must(err)
	if want := `{"taints":[{"effect":"NoSchedule","key":"node-role.kubernetes.io/infra"}]}`; string(spec) != want {
		t.Errorf("taints are\n%s\nwant\n%s", spec, want)
	}
	if got := m.converge([]resource.Resource{n}); len(got) > 0 {
		t.Errorf("a second run changes %q", got)
	}
}

func TestNodeTellsWhyNot(t *testing.T) {
	m := newMachine(t)
	newSystemd(m)
	k := newKube(m)
	k.register("m1", false)
	n := api.NodeStatus{Name: "m1", Is: api.IsReady, Kubeconfig: namespaceX().Kubeconfig}
	if found := m.observe(n); !resource.Changed(found, n) {
		t.Error("it counts as ready")
	}
	apply := func(timeout time.Duration) error {
		n.Timeout = timeout
		err := n.Apply(t.Context(), m.System)
		if err != nil && strings.Contains(err.Error(), "MemoryPressure") {
			t.Errorf("a condition that is well is in the error: %v", err)
		}
		return err
	}
	waitsInVain(t, apply,
		"Ready is False: KubeletNotReady: cni plugin not initialized",
		"the last words of kubelet.service")
	k.press("m1")
	waitsInVain(t, apply, "DiskPressure is True: KubeletHasDiskPressure: kubelet has disk pressure")
	n.Is = api.HasSubnet
	waitsInVain(t, apply, "has not assigned it a pod CIDR")
	n.Name = "m2"
	waitsInVain(t, apply, "its kubelet has not registered it")
}
