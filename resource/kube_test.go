package resource_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fakeAPI is a fake of the Kubernetes API, over real TLS: it keeps objects by path, and applies
// patches. As the real one it adds fields of its own and leaves out what is empty.
type fakeAPI struct {
	t         *testing.T
	server    *httptest.Server
	mu        sync.Mutex
	objects   map[string]map[string]any
	refuse    []int    // answers to give before the next requests are served
	lateReads int      // reads of objects that are there and are refused
	patches   []string // content types
	reads     int      // how many objects were read
	// rewritten are the paths of objects that were sent a change of nothing.
	rewritten []string
	deleted   []string // paths
	denied    string   // the path of an object that may not be changed
	later     func()   // what comes about when ripe objects were read; nil when nothing does
	ripe      int
	version   int
	puts      int // how often an object was replaced
}

func newKube(m *machine) *fakeAPI {
	k := &fakeAPI{t: m.t, objects: map[string]map[string]any{}}
	m.kube = k
	k.server = httptest.NewUnstartedServer(k)
	k.server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}
	k.server.StartTLS()
	m.t.Cleanup(k.server.Close)
	m.put("/etc/kubernetes/admin.conf", k.kubeconfig())
	return k
}

// kubeconfig gives the client the server's own certificate: the fake asks for one, whoever's.
func (k *fakeAPI) kubeconfig() string {
	pair := k.server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		k.t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	cert := encode("CERTIFICATE", pair.Certificate[0])
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: admin@test
contexts:
- name: other
  context: {cluster: other, user: other}
- name: admin@test
  context: {cluster: test, user: admin}
clusters:
- name: other
  cluster: {server: "https://127.0.0.1:1"}
- name: test
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: admin
  user:
    client-certificate-data: %s
    client-key-data: %s
`, k.server.URL, cert, cert, encode("PRIVATE KEY", key))
}

func (k *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.refuse) > 0 {
		code := k.refuse[0]
		k.refuse = k.refuse[1:]
		k.answer(w, code, map[string]any{"kind": "Status", "message": "not yet"})
		return
	}
	object := k.objects[strings.TrimSuffix(r.URL.Path, "/status")]
	switch {
	case r.Method == http.MethodGet && object != nil && k.lateReads > 0:
		k.lateReads--
		k.answer(w, http.StatusForbidden, map[string]any{"kind": "Status", "message": "not known yet"})
	case r.Method == http.MethodPatch:
		k.patch(w, r, object)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/eviction"):
		k.evict(path.Base(path.Dir(r.URL.Path)))
		k.answer(w, http.StatusCreated, map[string]any{"kind": "Status"})
	case object == nil:
		k.answer(w, http.StatusNotFound, map[string]any{"kind": "Status", "message": "not found"})
	case r.Method == http.MethodGet:
		k.answer(w, http.StatusOK, object)
		if k.reads++; k.later != nil && k.reads >= k.ripe {
			later := k.later
			k.later = nil
			k.mu.Unlock()
			later()
			k.mu.Lock()
		}
	case r.Method == http.MethodPut:
		k.put(w, r, object)
	case r.Method == http.MethodDelete && object == nil:
		k.answer(w, http.StatusNotFound, map[string]any{"kind": "Status", "message": "not found"})
	case r.Method == http.MethodDelete:
		delete(k.objects, r.URL.Path)
		k.deleted = append(k.deleted, r.URL.Path)
		k.answer(w, http.StatusOK, map[string]any{"kind": "Status"})
	default:
		k.t.Errorf("unexpected request: %s %s", r.Method, r.URL)
	}
}

// put replaces an object that no other has changed since it was read.
func (k *fakeAPI) put(w http.ResponseWriter, r *http.Request, object map[string]any) {
	k.puts++
	var next map[string]any
	if err := json.NewDecoder(r.Body).Decode(&next); err != nil {
		k.t.Error(err)
	}
	was, _ := object["metadata"].(map[string]any)
	is, _ := next["metadata"].(map[string]any)
	if is["resourceVersion"] == nil || was["resourceVersion"] != is["resourceVersion"] {
		k.answer(w, http.StatusConflict, map[string]any{"message": "the object has been modified"})
		return
	}
	k.store(r.URL.Path, next)
	k.answer(w, http.StatusOK, next)
}

func (k *fakeAPI) patch(w http.ResponseWriter, r *http.Request, object map[string]any) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		k.t.Error(err)
	}
	var patch map[string]any
	if err := json.Unmarshal(body, &patch); err != nil {
		k.t.Error(err)
	}
	kind := r.Header.Get("Content-Type")
	k.patches = append(k.patches, kind)
	switch {
	case kind == "application/apply-patch+yaml":
		q := r.URL.Query()
		if !strings.HasPrefix(q.Get("fieldManager"), "kbootstrap") || q.Get("force") != "true" {
			k.t.Errorf("apply without its manager: %s", r.URL)
		}
		if q.Get("dryRun") != "" {
			k.answer(w, http.StatusOK, k.spelt(merge(map[string]any{}, patch)))
			return
		}
		object = map[string]any{} // its only manager is the one that applies
		defer k.manage(r.URL.Path, patch, q.Get("fieldManager"))
	case object != nil && len(patch) == 0 && r.URL.Path == k.denied:
		k.answer(w, http.StatusUnprocessableEntity, map[string]any{"message": "a webhook refuses the change"})
		return
	case object != nil && len(patch) == 0: // the object is only to be written once more
		k.rewritten = append(k.rewritten, r.URL.Path)
		k.answer(w, http.StatusOK, map[string]any{"kind": "PartialObjectMetadata"})
		return
	case kind != "application/merge-patch+json" || object == nil:
		k.t.Errorf("unexpected patch: %s %s", kind, r.URL)
	default:
		meta, _ := object["metadata"].(map[string]any)
		theirs, _ := patch["metadata"].(map[string]any)
		_, isStatus := patch["status"]
		if !isStatus && meta["resourceVersion"] != theirs["resourceVersion"] {
			k.answer(w, http.StatusConflict, map[string]any{"message": "the object has been modified"})
			return
		}
	}
	object = k.spelt(merge(object, patch))
	k.store(strings.TrimSuffix(r.URL.Path, "/status"), object)
	k.answer(w, http.StatusOK, object)
}

// spelt is an object as the API spells its quantities.
func (k *fakeAPI) spelt(object map[string]any) map[string]any {
	if spec, ok := object["spec"].(map[string]any); ok && spec["cpu"] == "1000m" {
		spec["cpu"] = "1"
	}
	return object
}

// manage notes which fields the tool has applied, of service accounts and of objects of users.
func (k *fakeAPI) manage(path string, applied map[string]any, manager string) {
	if applied["kind"] != "ServiceAccount" && manager == "kbootstrap" {
		return
	}
	fields := map[string]any{}
	for name := range applied {
		fields["f:"+name] = map[string]any{}
	}
	meta, _ := k.objects[path]["metadata"].(map[string]any)
	meta["managedFields"] = []any{map[string]any{"manager": manager, "fieldsV1": fields}}
}

// store keeps an object in the form in which the API returns it.
func (k *fakeAPI) store(path string, object map[string]any) {
	k.version++
	meta, _ := object["metadata"].(map[string]any)
	meta["uid"], meta["resourceVersion"] = "6a1f", fmt.Sprint(k.version)
	if plain, ok := object["stringData"].(map[string]any); ok {
		data, _ := object["data"].(map[string]any)
		if data == nil {
			data = map[string]any{}
		}
		for key, v := range plain {
			data[key] = base64.StdEncoding.EncodeToString(fmt.Append(nil, v))
		}
		object["data"] = data
		delete(object, "stringData")
	}
	k.objects[path] = object
}

// merge is a JSON merge patch, RFC 7396; what is empty is left out.
func merge(object, patch map[string]any) map[string]any {
	if object == nil {
		object = map[string]any{}
	}
	for key, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(object, key)
		case map[string]any:
			child, _ := object[key].(map[string]any)
			object[key] = merge(child, v)
		case string:
			if object[key] = v; v == "" {
				delete(object, key)
			}
		default:
			object[key] = v
		}
	}
	return object
}

func (k *fakeAPI) answer(w http.ResponseWriter, code int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		k.t.Error(err)
	}
}

// register makes a node as its kubelet would.
func (k *fakeAPI) register(name string, ready bool, taints ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	status, reason := "True", "KubeletReady"
	if !ready {
		status, reason = "False", "KubeletNotReady"
	}
	k.store("/api/v1/nodes/"+name, map[string]any{
		"apiVersion": "v1", "kind": "Node",
		"metadata": map[string]any{"name": name, "labels": map[string]any{"kubernetes.io/os": "linux"}},
		"spec":     map[string]any{"taints": taints},
		"status": map[string]any{"conditions": []any{
			map[string]any{"type": "MemoryPressure", "status": "False", "reason": "Enough", "message": "enough"},
			map[string]any{
				"type": "Ready", "status": status, "reason": reason, "message": "cni plugin not initialized",
			},
		}},
	})
}

// status makes an object of the second generation that has a status, a JSON object.
func (k *fakeAPI) status(path, status string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var fields map[string]any
	if err := json.Unmarshal([]byte(status), &fields); err != nil {
		k.t.Error(err)
	}
	k.store(path, map[string]any{"metadata": map[string]any{"name": "x", "generation": 2}, "status": fields})
}

// crowd makes a Deployment x whose two pods are both on m1, and two nodes.
func (k *fakeAPI) crowd() {
	k.status(crowdPath, `{"observedGeneration":2,"replicas":2,"updatedReplicas":2,"availableReplicas":2}`)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.objects[crowdPath]["spec"] = map[string]any{
		"replicas": 2, "selector": map[string]any{"matchLabels": map[string]any{"app": "x"}},
		"template": map[string]any{"spec": map[string]any{"tolerations": []any{
			map[string]any{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
		}}},
	}
	k.place("m1", "m1")
	k.nodes(node("m1", true), node("m2", true))
}

const (
	crowdPath = "/apis/apps/v1/namespaces/kube-system/deployments/x"
	podsPath  = "/api/v1/namespaces/kube-system/pods"
)

// place puts a pod on each of the nodes.
func (k *fakeAPI) place(nodes ...string) {
	var items []any
	for i, name := range nodes {
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": fmt.Sprintf("x-%d", i)}, "spec": map[string]any{"nodeName": name},
			"status": map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True"}}},
		})
	}
	k.objects[podsPath] = map[string]any{"items": items}
	spec, _ := k.objects[crowdPath]["spec"].(map[string]any)
	spec["replicas"] = len(nodes)
}

// evict has the scheduler place a pod again: on m2.
func (k *fakeAPI) evict(pod string) {
	if all, ok := k.objects["/api/v1/pods"]; ok { // of one node: it is gone from there
		items, _ := all["items"].([]any)
		all["items"] = slices.DeleteFunc(items, func(item any) bool {
			fields, _ := item.(map[string]any)
			meta, _ := fields["metadata"].(map[string]any)
			return meta["name"] == pod
		})
	}
	items, _ := k.objects[podsPath]["items"].([]any)
	for _, item := range items {
		fields, _ := item.(map[string]any)
		if meta, _ := fields["metadata"].(map[string]any); meta["name"] == pod {
			fields["spec"] = map[string]any{"nodeName": "m2"}
		}
	}
}

// node is a node as a list of them has it.
func node(name string, ready bool, taints ...any) map[string]any {
	status := map[bool]string{true: "True", false: "False"}[ready]
	return map[string]any{
		"metadata": map[string]any{"name": name}, "spec": map[string]any{"taints": taints},
		"status": map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": status}}},
	}
}

func (k *fakeAPI) nodes(all ...map[string]any) {
	var items []any
	for _, n := range all {
		items = append(items, n)
	}
	k.objects["/api/v1/nodes"] = map[string]any{"items": items}
}

// after lets something come about when so many objects were read.
func (k *fakeAPI) after(reads int, later func()) { k.ripe, k.later = reads, later }

// press makes a node one that its kubelet calls ready and evicts pods from.
func (k *fakeAPI) press(name string) {
	k.register(name, true)
	k.mu.Lock()
	defer k.mu.Unlock()
	status := k.objects["/api/v1/nodes/"+name]["status"].(map[string]any)
	status["conditions"] = append(status["conditions"].([]any), map[string]any{
		"type":    "DiskPressure",
		"status":  "True",
		"reason":  "KubeletHasDiskPressure",
		"message": "kubelet has disk pressure",
	})
}

// everything is all objects, but for their versions.
func (k *fakeAPI) everything() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var b strings.Builder
	for path, o := range k.objects {
		text, err := json.Marshal(o)
		if err != nil {
			k.t.Error(err)
		}
		fmt.Fprintf(&b, "object %s: %s\n", path, resourceVersion.ReplaceAllString(string(text), ""))
	}
	return b.String()
}

var resourceVersion = regexp.MustCompile(`"resourceVersion":"\d+",?`)

func (k *fakeAPI) has(path string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.objects[path] != nil
}
