package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Node is a Kubernetes node that its kubelet has registered, with our labels and taints. Whether it
// is ready is a NodeStatus.
type Node struct {
	Name       string
	Kubeconfig string // path on the host, below System.Root
	Labels     map[string]string
	Taints     []string      // "key=value:Effect" or "key:Effect"
	Timeout    time.Duration // how long to wait for the kubelet; 0 means two minutes
	Absent     bool          // it is not registered
}

// ID is "node NAME".
func (n Node) ID() string { return "node " + n.Name }

// State shows its labels and its taints.
func (n Node) State() string {
	if n.Absent {
		return ""
	}
	lines := []string{"registered"}
	for _, k := range slices.Sorted(maps.Keys(n.Labels)) {
		lines = append(lines, "label "+k+"="+n.Labels[k])
	}
	for _, t := range slices.Sorted(slices.Values(n.Taints)) {
		lines = append(lines, "taint "+t)
	}
	return resource.States(lines...)
}

// Answers returns the API server: nodes are asked for on control planes only.
func (n Node) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is a node that is not registered.
func (n Node) Absence() resource.Resource {
	return Node{Name: n.Name, Kubeconfig: n.Kubeconfig, Timeout: n.Timeout, Absent: true}
}

const kubeletUnit = "kubelet.service"

// kubeNode is what we read of a Node object.
type kubeNode struct {
	Metadata struct {
		Name            string            `json:"name"`
		ResourceVersion string            `json:"resourceVersion"`
		Labels          map[string]string `json:"labels"`
		Annotations     map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		PodCIDR string      `json:"podCIDR"`
		Taints  []kubeTaint `json:"taints"`
	} `json:"spec"`
	Status struct {
		Conditions []condition `json:"conditions"`
	} `json:"status"`
}

// kubeTaint is a taint in the API's form. Those that we did not set are kept as they are, so it has
// all the fields.
type kubeTaint struct {
	Key       string `json:"key"`
	Value     string `json:"value,omitempty"`
	Effect    string `json:"effect"`
	TimeAdded string `json:"timeAdded,omitempty"`
}

func (t kubeTaint) String() string {
	if t.Value == "" {
		return t.Key + ":" + t.Effect
	}
	return t.Key + "=" + t.Value + ":" + t.Effect
}

// controlPlaneTaint is the key of the taint that keeps pods off a control plane.
const controlPlaneTaint = "node-role.kubernetes.io/control-plane"

// ours reports whether a taint is the tool's to set and to remove: that of control planes, and
// those that are wanted. All others are the cluster's, such as node.kubernetes.io/not-ready, or its
// users', such as node-role.kubernetes.io/infra.
func (t kubeTaint) ours(wanted []string) bool {
	return t.Key == controlPlaneTaint || slices.Contains(wanted, t.String())
}

func parseTaint(text string) (kubeTaint, error) {
	rest, effect, ok := strings.Cut(text, ":")
	if !ok {
		return kubeTaint{}, fmt.Errorf("taint %q: not key=value:Effect", text)
	}
	key, value, _ := strings.Cut(rest, "=")
	return kubeTaint{Key: key, Value: value, Effect: effect}, nil
}

// ready reports whether the node takes pods: its kubelet says so, and does not evict them for want
// of memory, disk or process numbers, in which it stays Ready.
func (k kubeNode) ready() bool {
	ready := false
	for _, c := range k.Status.Conditions {
		switch c.Type {
		case "Ready":
			ready = c.Status == "True"
		case "MemoryPressure", "DiskPressure", "PIDPressure":
			if c.Status == "True" {
				return false
			}
		}
	}
	return ready
}

// why tells what keeps the node from being ready.
func (k kubeNode) why() string {
	var reasons []string
	for _, c := range k.Status.Conditions {
		if (c.Type == "Ready") != (c.Status == "True") {
			reason := c.String()
			if c.Heartbeat != "" {
				reason += " (its kubelet reported that last at " + c.Heartbeat + ")"
			}
			reasons = append(reasons, reason)
		}
	}
	if len(reasons) == 0 {
		return "its kubelet has not reported yet"
	}
	return strings.Join(reasons, "; ")
}

// Observe reads the node's object and keeps of it what the wanted value speaks of.
func (n Node) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	data, err := kube.Look(ctx, sys, n.Kubeconfig, n.path())
	if err != nil {
		return nil, err
	}
	if data == nil {
		return n.Absence(), nil
	}
	k, err := parseNode(data)
	if err != nil {
		return nil, err
	}
	return n.found(k), nil
}

// nodeBatch is the key of all nodes of one kubeconfig: one request lists them.
type nodeBatch struct{ kubeconfig string }

// BatchKey is the kubeconfig.
func (n Node) BatchKey() any { return nodeBatch{n.Kubeconfig} }

// ObserveAll lists the nodes: one request for five hundred of them, and not one for each.
func (n Node) ObserveAll(
	ctx context.Context, sys *host.System, all []resource.Resource,
) ([]resource.Resource, error) {
	if len(all) == 1 {
		found, err := n.Observe(ctx, sys)
		return []resource.Resource{found}, err
	}
	data, err := kube.Look(ctx, sys, n.Kubeconfig, nodesPath)
	if err != nil {
		return nil, err
	}
	var list struct{ Items []kubeNode }
	if data != nil {
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, fmt.Errorf("nodes: %w", err)
		}
	}
	byName := make(map[string]kubeNode, len(list.Items))
	for _, k := range list.Items {
		byName[k.Metadata.Name] = k
	}
	found := make([]resource.Resource, len(all))
	for i, r := range all {
		wanted, _ := r.(Node) // as all of a batch are
		found[i] = wanted.Absence()
		if k, ok := byName[wanted.Name]; ok {
			found[i] = wanted.found(k)
		}
	}
	return found, nil
}

const nodesPath = "/api/v1/nodes"

func (n Node) path() string { return nodesPath + "/" + n.Name }

func parseNode(data []byte) (kubeNode, error) {
	var k kubeNode
	if err := json.Unmarshal(data, &k); err != nil {
		return k, fmt.Errorf("node: %w", err)
	}
	return k, nil
}

func (n Node) found(k kubeNode) Node {
	found := Node{Name: n.Name, Kubeconfig: n.Kubeconfig, Timeout: n.Timeout}
	for key := range n.Labels {
		if value, there := k.Metadata.Labels[key]; there {
			if found.Labels == nil {
				found.Labels = map[string]string{}
			}
			found.Labels[key] = value
		}
	}
	for _, t := range k.Spec.Taints {
		if t.ours(n.Taints) {
			found.Taints = append(found.Taints, t.String())
		}
	}
	return found
}

// Apply waits until the kubelet has registered the node, and sets labels and taints. A node that is
// Absent is deleted from the API.
func (n Node) Apply(ctx context.Context, sys *host.System) error {
	a, err := kube.OpenAPI(sys, n.Kubeconfig)
	if n.Absent && host.Absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	sys.Logf("waiting for node %s", n.Name)
	wait := nodeWait("node "+n.Name, n.Timeout)
	wait.node = n.Name // the API is asked on a control plane
	return wait.until(ctx, sys, a, n.step)
}

// nodeWait is a wait for what the kubelet of this host brings about.
func nodeWait(what string, timeout time.Duration) apiWait {
	return apiWait{what: what, timeout: timeout, code: fault.NodeNotReady, unit: kubeletUnit}
}

// step does what can be done now, and tells what is still waited for.
func (n Node) step(ctx context.Context, a *kube.API) (waiting, err error) {
	if n.Absent {
		err := a.Change(ctx, http.MethodDelete, n.path(), "", nil, nil)
		if kube.IsCode(err, http.StatusNotFound) {
			return nil, nil
		}
		return errors.New("it is still registered"), err
	}
	k, waiting, err := registered(ctx, a, n.Name)
	if waiting != nil || err != nil {
		return waiting, err
	}
	if resource.Changed(n.found(k), n) {
		return nil, n.patch(ctx, a, k)
	}
	return nil, nil
}

// patch sets our labels and taints, and keeps all others. The resource version makes the API refuse
// it when another client has changed the node in between, and then it is tried again.
func (n Node) patch(ctx context.Context, a *kube.API, k kubeNode) error {
	taints := []kubeTaint{}
	for _, t := range k.Spec.Taints {
		if !t.ours(n.Taints) {
			taints = append(taints, t)
		}
	}
	for _, text := range n.Taints {
		t, err := parseTaint(text)
		if err != nil {
			return err
		}
		taints = append(taints, t)
	}
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": k.Metadata.ResourceVersion, "labels": n.Labels},
		"spec":     map[string]any{"taints": taints},
	})
	if err != nil {
		return err
	}
	return a.Change(ctx, http.MethodPatch, n.path(), "application/merge-patch+json", nil, body)
}

// registered reads a node from the API; waiting says that there is none yet.
func registered(ctx context.Context, a *kube.API, name string) (k kubeNode, waiting, err error) {
	data, err := a.Get(ctx, "/api/v1/nodes/"+name)
	if kube.IsCode(err, http.StatusNotFound) {
		return k, errors.New("its kubelet has not registered it"), nil
	}
	if err != nil {
		return k, nil, err
	}
	k, err = parseNode(data)
	return k, nil, err
}
