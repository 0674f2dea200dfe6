package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/resource/api"
)

// theatre is a World in memory: an API that keeps objects by their paths, a kubelet that runs each
// pod at once, and pods that answer as the program in the image does. What is broken is a field.
type theatre struct {
	t       *testing.T
	cluster *inventory.Cluster

	mu      sync.Mutex
	objects map[string]object // by path
	writes  []string          // method and path
	number  int

	loaded  time.Time                       // when the Deployment that scales was asked last
	pushed  int                             // images that are in the registry
	lax     bool                            // policies are not enforced
	dead    bool                            // no API server answers
	deaf    func(from, to, ask string) bool // a question gets no answer
	network map[string]host.Network
	stopped map[string][]string
}

func newTheatre(t *testing.T) (*theatre, *Scene) {
	t.Helper()
	c := fixture.Parse(t, fixture.Small)
	w := &theatre{t: t, cluster: c, objects: map[string]object{}, network: map[string]host.Network{}}
	s := &Scene{World: w, Cluster: c, Image: "agnhost", Settle: time.Second}
	c.AddOns.Registry = inventory.RegistryAddOn{Enabled: true, Host: "cp1", Name: "registry.cluster.local", Port: 5000}
	s.Registry = &Registry{
		Image: "registry.cluster.local:5000/itself", Login: []byte("{}"),
		Push:   func(context.Context) error { w.pushed++; return nil },
		Remove: func(context.Context) error { w.pushed--; return nil },
	}
	for i, h := range c.Hosts {
		s.Reached = append(s.Reached, h.Name)
		w.objects["/api/v1/nodes/"+h.Name] = object{
			"metadata": object{"name": h.Name}, "spec": object{"podCIDR": fmt.Sprintf("10.244.%d.0/24", i)},
			"status": object{
				"nodeInfo":   object{"machineID": "id-of-" + h.Name},
				"conditions": []object{{"type": "Ready", "status": "True"}},
			},
		}
	}
	w.objects[figures] = object{"items": []object{
		{"metadata": object{"name": "cp1"}}, {"metadata": object{"name": "w1"}},
	}}
	w.objects["/apis/apps/v1/namespaces/kube-system/deployments/coredns"] = object{
		"spec": object{"replicas": 2}, "status": object{"readyReplicas": 2},
	}
	return w, s
}

// API is the API server.
func (w *theatre) API(_ context.Context, q api.Request) (api.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	path, query, _ := strings.Cut(q.Path, "?")
	if w.dead {
		return api.Response{Error: "connection refused"}, nil
	}
	if q.Method != http.MethodGet {
		w.writes = append(w.writes, q.Method+" "+path)
	}
	refuse := func(code int) (api.Response, error) {
		return api.Response{Code: code, Error: http.StatusText(code)}, nil
	}
	switch q.Method {
	case http.MethodGet:
		if pod, ok := strings.CutSuffix(path, "/log"); ok {
			return api.Response{Body: []byte(w.logOf(pod))}, nil
		}
		found, ok := any(w.objects[path]), w.objects[path] != nil
		if ok && strings.Contains(path, "/horizontalpodautoscalers/") {
			found = object{"status": w.scaling()}
		}
		if !ok && isCollection(path) {
			found, ok = w.list(path, query), true
		}
		if !ok {
			return refuse(http.StatusNotFound)
		}
		body, err := json.Marshal(found)
		return api.Response{Body: body}, err
	case http.MethodPost:
		var o object
		if err := json.Unmarshal(q.Body, &o); err != nil {
			return refuse(http.StatusBadRequest)
		}
		at := path + "/" + nameOf(o)
		if w.objects[at] != nil {
			return refuse(http.StatusConflict)
		}
		w.made(at, withoutNulls(o))
	case http.MethodPatch:
		if w.objects[path] == nil && !strings.HasSuffix(path, "/scale") {
			return refuse(http.StatusNotFound)
		}
		var change object
		if err := json.Unmarshal(q.Body, &change); err != nil {
			return refuse(http.StatusBadRequest)
		}
		merge(w.objects[strings.TrimSuffix(path, "/scale")], change)
		w.changed(strings.TrimSuffix(path, "/scale"))
	case http.MethodDelete:
		for at := range w.objects {
			if at == path || strings.HasPrefix(at, path+"/") || strings.Contains(at, "/namespaces/"+last(path)+"/") {
				delete(w.objects, at)
			}
		}
	}
	return api.Response{Body: []byte("{}")}, nil
}

func isCollection(path string) bool {
	return slices.Contains([]string{
		"namespaces", "nodes", "pods", "services", "replicasets", "events", "deployments",
	}, last(path))
}

func last(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// part is an object within others; what is not there is empty.
func part(o object, keys ...string) object {
	for _, key := range keys {
		o, _ = o[key].(object)
	}
	return o
}

func nameOf(o object) string {
	metadata, _ := o["metadata"].(object)
	name, _ := metadata["name"].(string)
	return name
}

// withoutNulls leaves out what has no value, as the API does.
func withoutNulls(o object) object {
	for key, value := range o {
		if below, ok := value.(object); ok {
			withoutNulls(below)
		}
		if value == nil {
			delete(o, key)
		}
	}
	return o
}

func merge(into, change object) {
	for key, value := range change {
		below, ok := value.(object)
		old, both := into[key].(object)
		switch {
		case ok && both:
			merge(old, below)
		case value == nil:
			delete(into, key)
		default:
			into[key] = value
		}
	}
}

// list is a collection, or those of an application.
func (w *theatre) list(path, query string) object {
	items := []object{}
	app := ""
	if values, err := url.ParseQuery(query); err == nil {
		app, _ = strings.CutPrefix(values.Get("labelSelector"), "app=")
	}
	var paths []string
	for at := range w.objects {
		if rest, ok := strings.CutPrefix(at, path+"/"); ok && !strings.Contains(rest, "/") {
			paths = append(paths, at)
		}
	}
	slices.Sort(paths)
	for _, at := range paths {
		metadata, _ := w.objects[at]["metadata"].(object)
		labels, _ := metadata["labels"].(object)
		if app == "" || app == mark && labels[mark] != nil || labels["app"] == app {
			items = append(items, w.objects[at])
		}
	}
	return object{"items": items}
}

// made does what controllers do with a new object.
func (w *theatre) made(at string, o object) {
	w.objects[at] = o
	parts := strings.Split(at, "/")
	kind, name := parts[len(parts)-2], parts[len(parts)-1]
	namespace := "/api/v1/namespaces/" + name
	if kind != "namespaces" {
		namespace = "/api/v1/namespaces/" + parts[4]
		if parts[1] == "apis" {
			namespace = "/api/v1/namespaces/" + parts[5]
		}
	}
	spec, _ := o["spec"].(object)
	switch kind {
	case "namespaces":
		w.objects[namespace+"/serviceaccounts/default"] = object{"metadata": object{"name": "default"}}
	case "services":
		spec["clusterIP"] = "10.96.1." + fmt.Sprint(len(w.objects))
		ports, _ := spec["ports"].([]any)
		if port, ok := ports[0].(object); ok && spec["type"] == "NodePort" && port["nodePort"] == nil {
			port["nodePort"] = 32000
		}
	case "pods":
		w.run(at, o, "")
	case "daemonsets":
		for _, h := range w.cluster.Hosts {
			w.podOf(namespace, name, h.Name, spec)
		}
	case "deployments":
		w.changed(at)
	}
}

// podOf makes a pod of a template.
func (w *theatre) podOf(namespace, app, on string, spec object) {
	template, _ := spec["template"].(object)
	w.number++
	name := fmt.Sprintf("%s-%d", app, w.number)
	w.run(namespace+"/pods/"+name, object{
		"metadata": object{"name": name, "labels": object{"app": app}}, "spec": cloned(template["spec"]),
	}, on)
}

func cloned(value any) object {
	text, _ := json.Marshal(value)
	var o object
	_ = json.Unmarshal(text, &o)
	return o
}

// run starts a pod where its affinity, its labels and its tolerations have it.
func (w *theatre) run(at string, o object, on string) {
	spec, _ := o["spec"].(object)
	text, _ := json.Marshal(spec)
	for _, h := range w.cluster.Hosts {
		n := w.objects["/api/v1/nodes/"+h.Name]
		nodeText, _ := json.Marshal(n)
		wants := strings.Contains(string(text), `nodeSelector":`)
		isTainted := strings.Contains(string(nodeText), `"taints":[{`)
		_, isMarked := part(n, "metadata", "labels")[mark]
		switch {
		case on != "":
		case strings.Contains(string(text), "matchFields") && !strings.Contains(string(text), `["`+h.Name+`"]`):
		case wants && !isMarked, isTainted && !strings.Contains(string(text), mark+`","operator"`):
		default:
			on = h.Name
		}
	}
	o["status"] = object{"conditions": []object{
		{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node is right"},
	}}
	if on != "" {
		w.number++
		phase := "Running"
		if spec["restartPolicy"] == "Never" {
			phase = "Succeeded"
		}
		spec["nodeName"] = on
		o["status"] = object{"phase": phase, "podIP": fmt.Sprintf("10.244.9.%d", w.number), "conditions": []object{
			{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"},
		}}
	}
	w.objects[at] = o
}

// changed brings a Deployment to what it asks for, and a pod that waits to a node.
func (w *theatre) changed(at string) {
	if strings.Contains(at, "/nodes/") {
		for path, o := range w.objects {
			if spec, ok := o["spec"].(object); ok && strings.Contains(path, "/pods/") && spec["nodeName"] == nil {
				w.run(path, o, "")
			}
		}
		return
	}
	o := w.objects[at]
	spec, _ := o["spec"].(object)
	var n int
	_, _ = fmt.Sscan(fmt.Sprint(spec["replicas"]), &n)
	o["status"] = object{"replicas": n, "updatedReplicas": n, "availableReplicas": n}
	parts := strings.Split(at, "/")
	namespace, app := "/api/v1/namespaces/"+parts[5], last(at)
	for path, pod := range w.objects {
		labels := part(pod, "metadata", "labels")
		if strings.HasPrefix(path, namespace+"/pods/") && labels["app"] == app {
			delete(w.objects, path)
		}
	}
	for i := range n {
		w.podOf(namespace, app, w.cluster.Hosts[i%len(w.cluster.Hosts)].Name, spec)
	}
	w.revise(strings.Join(parts[:6], "/")+"/replicasets/", app, spec)
}

// revise keeps a ReplicaSet for each template, the last of which has the highest revision.
func (w *theatre) revise(path, app string, spec object) {
	template, _ := json.Marshal(spec["template"])
	revision, at := 0, ""
	for name, set := range w.objects {
		if !strings.HasPrefix(name, path+app+"-") {
			continue
		}
		var n int
		_, _ = fmt.Sscan(fmt.Sprint(part(set, "metadata", "annotations")[revisionKey]), &n)
		revision = max(revision, n)
		if old, _ := json.Marshal(part(set, "spec")["template"]); string(old) == string(template) {
			at = name
		}
	}
	if at == "" {
		w.number++
		at = fmt.Sprintf("%s%s-%d", path, app, w.number)
	}
	w.objects[at] = object{
		"metadata": object{
			"name": last(at), "labels": object{"app": app},
			"annotations": object{revisionKey: fmt.Sprint(revision + 1)},
		},
		"spec": object{"replicas": spec["replicas"], "template": cloned(spec["template"])},
	}
}

// logOf is what the program writes.
func (w *theatre) logOf(pod string) string {
	on, _ := part(w.objects[pod], "spec")["nodeName"].(string)
	switch last(pod) {
	case "emptydir", "volume-reader":
		return "content of file: mount-tester new file"
	case "hostpath":
		return "content of file: id-of-" + on
	}
	return "Started HTTP server on port 8080"
}

// scaling is what an autoscaler wants of a Deployment that is asked, or not.
func (w *theatre) scaling() object {
	if time.Since(w.loaded) < time.Second {
		return object{"desiredReplicas": 2}
	}
	return object{"desiredReplicas": 1}
}

// Ask has the network carry questions.
func (w *theatre) Ask(ctx context.Context, from string, questions []node.Question) ([]node.Reply, error) {
	replies := make([]node.Reply, len(questions))
	for i, q := range questions {
		replies[i] = w.answer(from, q)
	}
	if ctx.Err() == nil { // a network takes its time, and a busy loop none
		rest := time.NewTimer(time.Millisecond)
		defer rest.Stop()
		<-rest.C
	}
	return replies, nil
}

func (w *theatre) answer(from string, q node.Question) node.Reply {
	question := q.URL
	u, err := url.Parse(question)
	if err != nil {
		w.t.Error(err)
	}
	target := u.Hostname()
	if u.Path == "/dial" {
		target = u.Query().Get("host")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	pod := w.behind(target, u.Port())
	on := ""
	if pod != nil {
		on, _ = part(pod, "spec")["nodeName"].(string)
	}
	if labels := part(pod, "metadata", "labels"); labels["app"] == "autoscaled" {
		w.loaded = time.Now()
	}
	if w.deaf != nil && w.deaf(from, on, question) || w.isClosed(pod) {
		if u.Path == "/dial" {
			return node.Reply{Status: 200, Body: `{"errors":["i/o timeout"]}`}
		}
		return node.Reply{Fault: "no answer within 2s"}
	}
	switch {
	case strings.HasPrefix(u.Path, "/"+prefix):
		return w.entrance(q)
	case u.Scheme == "tcp":
		return node.Reply{}
	case strings.HasPrefix(u.Scheme, "dns"):
		return node.Reply{Body: w.cluster.ServiceIP(1).String()}
	}
	page := strings.TrimPrefix(u.RequestURI(), "/")
	if u.Path == "/dial" {
		page = u.Query().Get("request")
	}
	body := w.page(pod, page)
	if u.Path == "/dial" {
		text, _ := json.Marshal(map[string][]string{"responses": {body}})
		body = string(text)
	}
	return node.Reply{Status: 200, Body: body}
}

// behind is the pod at an address, of a pod, a Service or a host, or behind a name.
func (w *theatre) behind(address, port string) object {
	app := ""
	for path, o := range w.objects {
		spec, _ := o["spec"].(object)
		status, _ := o["status"].(object)
		switch {
		case strings.Contains(path, "/pods/") && status["podIP"] == address:
			return o
		case strings.Contains(path, "/services/"):
			text, _ := json.Marshal(spec["ports"])
			isHost := slices.ContainsFunc(w.cluster.Hosts,
				func(h inventory.Host) bool { return h.Address.String() == address })
			isOpen := isHost && strings.Contains(string(text), ":"+port)
			if spec["clusterIP"] == address || nameOf(o) == address || isOpen {
				app = nameOf(o)
			}
		}
	}
	for path, o := range w.objects {
		labels := part(o, "metadata", "labels")
		if strings.Contains(path, "/pods/") && labels["app"] == app {
			return o
		}
	}
	return nil
}

// isClosed reports whether a NetworkPolicy closes a pod.
func (w *theatre) isClosed(pod object) bool {
	if pod == nil || w.lax {
		return false
	}
	labels := part(pod, "metadata", "labels")
	closed := false
	for path, o := range w.objects {
		if strings.Contains(path, "/networkpolicies/") && labels["app"] == guarded {
			if part(o, "spec")["ingress"] != nil {
				return false
			}
			closed = true
		}
	}
	return closed
}

// page is what a program in a pod answers.
func (w *theatre) page(pod object, page string) string {
	text, _ := json.Marshal(pod)
	name, query, _ := strings.Cut(page, "?")
	values, _ := url.ParseQuery(query)
	switch {
	case strings.Contains(string(text), "http-override"):
		for path, o := range w.objects {
			if last(path) == agentsName && strings.Contains(path, "/services/") {
				return fmt.Sprint(part(o, "spec")["clusterIP"], ":80")
			}
		}
	case name == "hostname":
		return nameOf(pod)
	case name == "echo":
		return values.Get("msg")
	case values.Get("cmd") == "set":
		w.objects["word"] = object{"data": values.Get("value"), "metadata": object{}}
		return `{"message":"Updated"}`
	case name == "get" || values.Get("cmd") == "get":
		return fmt.Sprintf(`{"data":"%v"}`, w.objects["word"]["data"])
	}
	return ""
}

// Look is what a host shows.
func (w *theatre) Look(_ context.Context, name string) (host.Network, []string, error) {
	n := w.network[name]
	if n.Forward == "" {
		n = sane(w.cluster)
	}
	return n, w.stopped[name], nil
}

// sane is the network of a host on which all is well.
func sane(c *inventory.Cluster) host.Network {
	n := host.Network{
		Forward: "1", Chains: []string{"KUBE-ROUTER-FORWARD"},
		Devices: []host.Device{{Name: "eth0", MTU: 1500, Up: true}, {Name: "flannel.1", MTU: 1450, Up: true}},
		Routes:  []host.Route{{To: netip.PrefixFrom(c.Hosts[0].Address, 16).Masked(), Device: "eth0"}},
		Disks:   []host.DiskUse{{Path: "/var/lib/kubelet", Free: 50, Total: 100}},
	}
	for i := range c.Hosts {
		n.Routes = append(n.Routes, host.Route{
			To: netip.MustParsePrefix(fmt.Sprintf("10.244.%d.0/24", i)), Device: "flannel.1",
		})
	}
	return n
}
