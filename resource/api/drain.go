package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Drain is a node that takes no pods, and has none but those that go with it: of DaemonSets, of
// files on the host, and such as have ended. A node that does not exist is drained.
type Drain struct {
	Node       string
	Kubeconfig string        // path on the host, below System.Root
	Timeout    time.Duration // until the last pod has left
	Mark       string        // what the node is cordoned for: MarkRemoval or MarkUpgrade
	Absent     bool          // the node takes pods, or has some
}

// ID is "drain of node NAME".
func (d Drain) ID() string { return "drain of node " + d.Node }

// State is "cordoned and empty", or empty.
func (d Drain) State() string { return resource.States(resource.Flag("cordoned and empty", !d.Absent)) }

// CordonMark is the annotation of a node that the tool has cordoned: it comes with the cordon, in
// one request, so that a run which was cut off leaves no cordon that could be an operator's.
const CordonMark = "kbootstrap/cordoned"

// What a node is cordoned for, as CordonMark says it.
const (
	MarkRemoval = "remove-node"
	MarkUpgrade = "upgrade"
)

// Observe asks the API once. Where it does not answer, the node is not known to be empty.
func (d Drain) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	so, err := asked(ctx, sys, d.Kubeconfig, func(ctx context.Context, a *kube.API) (waiting, err error) {
		node, err := d.look(ctx, a)
		if err != nil || node == nil {
			return nil, err
		}
		if !node.Spec.Unschedulable {
			return fmt.Errorf("node %s takes pods", d.Node), nil
		}
		pods, err := d.pods(ctx, a)
		if err == nil && len(pods) > 0 {
			waiting = fmt.Errorf("node %s has %d pods", d.Node, len(pods))
		}
		return waiting, err
	})
	d.Absent = !so
	return d, err
}

// Apply cordons the node and, when a controller manager has led for a while, evicts its pods, as
// far as the budgets of disruptions allow, until none is left. A drain is not taken back: who wants
// the pods again uncordons the node.
func (d Drain) Apply(ctx context.Context, sys *host.System) error {
	if d.Absent {
		return nil
	}
	a, err := kube.OpenAPI(sys, d.Kubeconfig)
	if err != nil {
		return err
	}
	ctx, cancel := sys.UntilStopped(ctx)
	defer cancel()
	sys.Logf("waiting until node %s is empty", d.Node)
	asked := map[string]time.Time{} // when a pod was last to be evicted
	wait := apiWait{what: "its pods to leave", timeout: d.Timeout, code: fault.DrainBlocked}
	blocked := map[string]string{} // why a pod is not evicted
	var at controllers
	var refused error // to wait for what would not change by itself would be in vain
	err = wait.until(ctx, sys, a, func(ctx context.Context, a *kube.API) (waiting, err error) {
		node, err := d.look(ctx, a)
		if err != nil || node == nil {
			return nil, err
		}
		if !node.Spec.Unschedulable {
			if err := d.cordon(ctx, a, node.Metadata.ResourceVersion); err != nil {
				return nil, err
			}
		}
		pods, err := d.pods(ctx, a)
		if err != nil {
			return nil, err
		}
		if refused = d.unowned(pods); refused != nil {
			return nil, nil //nolint:nilerr // it ends the wait, and is the result of it
		}
		if len(pods) > 0 {
			if waiting, err := at.await(ctx, a); waiting != nil || err != nil {
				return waiting, err
			}
		}
		var left []string
		for _, p := range pods {
			if p.Metadata.DeletionTimestamp == "" && time.Since(asked[p.name()]) > evictAgain {
				asked[p.name()] = time.Now()
				if err := p.evict(ctx, a); err != nil && !kube.IsCode(err, http.StatusNotFound) {
					blocked[p.name()] = ": " + err.Error()
				} else {
					delete(blocked, p.name())
				}
			}
			left = append(left, p.name()+blocked[p.name()])
		}
		if left != nil {
			slices.Sort(left)
			waiting = fmt.Errorf("%d pods are left: %s", len(left), strings.Join(left, "; "))
		}
		return waiting, nil
	})
	if refused != nil {
		return refused
	}
	return err
}

// evictAgain is how long a pod that may not go now is left alone.
const evictAgain = 5 * time.Second

// drainedPod is what we read of a pod.
type drainedPod struct {
	Metadata struct {
		Namespace, Name, DeletionTimestamp string
		Annotations                        map[string]string
		OwnerReferences                    []struct{ Kind string }
	}
	Status struct{ Phase string }
}

func (p drainedPod) name() string { return p.Metadata.Namespace + "/" + p.Metadata.Name }

// stays reports whether a pod goes with its node.
func (p drainedPod) stays() bool {
	_, static := p.Metadata.Annotations["kubernetes.io/config.mirror"]
	ended := p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed"
	return static || ended || slices.ContainsFunc(p.Metadata.OwnerReferences, func(o struct{ Kind string }) bool {
		return o.Kind == "DaemonSet"
	})
}

func (p drainedPod) evict(ctx context.Context, a *kube.API) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction",
		"metadata": map[string]any{"name": p.Metadata.Name, "namespace": p.Metadata.Namespace},
	})
	if err != nil {
		return err
	}
	path := "/api/v1/namespaces/" + p.Metadata.Namespace + "/pods/" + p.Metadata.Name + "/eviction"
	return a.Change(ctx, http.MethodPost, path, "application/json", nil, body)
}

// unowned refuses pods that no controller would make again.
func (d Drain) unowned(pods []drainedPod) error {
	var names []string
	for _, p := range pods {
		if len(p.Metadata.OwnerReferences) == 0 && p.Metadata.DeletionTimestamp == "" {
			names = append(names, p.name())
		}
	}
	if names == nil {
		return nil
	}
	return fault.DrainBlocked.Errorf("these pods of node %s have no owner that would make them again, so they are not "+
		"evicted: %s", d.Node, strings.Join(names, ", "))
}

// drainedNode is what we read of a node.
type drainedNode struct {
	Metadata struct{ ResourceVersion string }
	Spec     struct{ Unschedulable bool }
}

// look reads the node; nil when there is none.
func (d Drain) look(ctx context.Context, a *kube.API) (*drainedNode, error) {
	data, err := a.Get(ctx, "/api/v1/nodes/"+d.Node)
	if kube.IsCode(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	node := &drainedNode{}
	return node, json.Unmarshal(data, node)
}

// pods are those that have to leave.
func (d Drain) pods(ctx context.Context, a *kube.API) ([]drainedPod, error) {
	var list struct{ Items []drainedPod }
	query := url.Values{"fieldSelector": {"spec.nodeName=" + d.Node}}
	if err := read(ctx, a, "/api/v1/pods?"+query.Encode(), &list); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, drainedPod.stays), nil
}

// cordon has the node take no more pods, with a mark that it was the tool.
func (d Drain) cordon(ctx context.Context, a *kube.API, version string) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{
			"annotations": map[string]string{CordonMark: d.Mark}, "resourceVersion": version,
		},
		"spec": map[string]any{"unschedulable": true},
	})
	if err != nil {
		return err
	}
	return a.Change(ctx, http.MethodPatch, "/api/v1/nodes/"+d.Node, "application/merge-patch+json", nil, body)
}
