package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Schedulable is a node that is ready, runs a version of the kubelet, and is not cordoned by an
// upgrade. What an operator has cordoned stays so.
type Schedulable struct {
	Node       string
	Kubeconfig string        // path on the host, below System.Root
	Version    string        // of the kubelet: "v1.36.3"; "" means any
	Timeout    time.Duration // how long to wait; 0 means two minutes
	Absent     bool          // something of that does not hold
}

// ID is "node NAME takes pods".
func (s Schedulable) ID() string { return "node " + s.Node + " takes pods" }

// State says that nothing of an upgrade keeps pods away.
func (s Schedulable) State() string {
	return resource.States(resource.Flag("ready, and not cordoned by an upgrade", !s.Absent))
}

// Answers returns the API server: nodes are asked for on control planes only.
func (s Schedulable) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is a node that is not known to take pods.
func (s Schedulable) Absence() resource.Resource {
	s.Absent = true
	return s
}

// Observe asks the API once.
func (s Schedulable) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	so, err := asked(ctx, sys, s.Kubeconfig, func(ctx context.Context, a *kube.API) (waiting, err error) {
		n, waiting, err := s.look(ctx, a)
		if waiting == nil && err == nil && n.Metadata.Annotations[CordonMark] == MarkUpgrade {
			waiting = fmt.Errorf("node %s is cordoned by an upgrade", s.Node)
		}
		return waiting, err
	})
	s.Absent = !so
	return s, err
}

// Apply waits for the kubelet, and then takes away the cordon of an upgrade, with its mark, in one
// request.
func (s Schedulable) Apply(ctx context.Context, sys *host.System) error {
	if s.Absent {
		return nil
	}
	a, err := kube.OpenAPI(sys, s.Kubeconfig)
	if err != nil {
		return err
	}
	ctx, cancel := sys.UntilStopped(ctx)
	defer cancel()
	sys.Logf("waiting: %s", s.ID())
	wait := nodeWait(s.ID(), s.Timeout)
	wait.code, wait.node = fault.NodeNotReady, s.Node
	return wait.until(ctx, sys, a, func(ctx context.Context, a *kube.API) (waiting, err error) {
		n, waiting, err := s.look(ctx, a)
		if waiting != nil || err != nil || n.Metadata.Annotations[CordonMark] != MarkUpgrade {
			return waiting, err
		}
		return nil, s.uncordon(ctx, a, n.Metadata.ResourceVersion)
	})
}

// schedulableNode is what we read of the node.
type schedulableNode struct {
	kubeNode
	Version string // of its kubelet
}

// look reads the node, and tells what keeps it from being ready.
func (s Schedulable) look(ctx context.Context, a *kube.API) (n schedulableNode, waiting, err error) {
	data, err := a.Get(ctx, "/api/v1/nodes/"+s.Node)
	if kube.IsCode(err, http.StatusNotFound) {
		return n, fmt.Errorf("node %s is not registered", s.Node), nil
	}
	if err != nil {
		return n, nil, err
	}
	if n.kubeNode, err = parseNode(data); err != nil {
		return n, nil, err
	}
	var told struct {
		Status struct {
			NodeInfo struct{ KubeletVersion string }
		}
	}
	if err := json.Unmarshal(data, &told); err != nil {
		return n, nil, fmt.Errorf("node: %w", err)
	}
	n.Version = told.Status.NodeInfo.KubeletVersion
	switch {
	case s.Version != "" && n.Version != s.Version:
		return n, fmt.Errorf("its kubelet has reported version %s, and not %s", n.Version, s.Version), nil
	case !n.ready():
		return n, errors.New(n.why()), nil
	}
	return n, nil, nil
}

// uncordon has the node take pods again.
func (s Schedulable) uncordon(ctx context.Context, a *kube.API, version string) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{
			"annotations": map[string]any{CordonMark: nil}, "resourceVersion": version,
		},
		"spec": map[string]any{"unschedulable": nil},
	})
	if err != nil {
		return err
	}
	return a.Change(ctx, http.MethodPatch, "/api/v1/nodes/"+s.Node, "application/merge-patch+json", nil, body)
}
