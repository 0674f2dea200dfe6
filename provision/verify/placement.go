package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource/api"
)

// placementHolds gives one node a label and a taint for a moment: a pod that asks for the label
// goes there if it tolerates the taint, waits if it does not, and goes there when the taint is
// gone. The taint keeps new pods of others from that node meanwhile; those that run there stay.
func placementHolds(ctx context.Context, s *Scene) (string, []Failure) {
	nodes, err := s.nodes(ctx)
	if err != nil {
		return "", failed(err)
	}
	chosen, ok := s.choose(nodes)
	if !ok {
		return "", []Failure{{Text: "no node is ready and takes pods"}}
	}
	if err := s.markNode(ctx, chosen, s.suffix); err != nil {
		return "", failed(err)
	}
	name := chosen.Metadata.Name
	own := tolerating(chosen)
	welcome := append(slices.Clone(own), object{"key": mark, "operator": "Exists", "effect": "NoSchedule"})
	labels := object{mark: s.suffix}
	for app, tolerate := range map[string][]object{"welcome": welcome, "unwelcome": own} {
		p := s.pod(app, app, podSpec{Args: []string{"pause"}, Labels: labels, Tolerate: tolerate})
		if err := s.create(ctx, s.path("pods"), p); err != nil {
			return "", failed(err)
		}
	}
	failures := s.goesTo(ctx, "welcome", name)
	if failures == nil {
		failures = s.staysAway(ctx, "unwelcome")
	}
	if err := s.markNode(ctx, chosen, ""); err != nil {
		return "", append(failures, failed(err)...)
	}
	if failures != nil {
		return "", failures
	}
	// Without the taint, the label alone decides; it is taken away with the rest at the end.
	if err := s.patch(ctx, "/api/v1/nodes/"+name, labelPatch(s.suffix)); err != nil {
		return "", failed(err)
	}
	return "on " + name, s.goesTo(ctx, "unwelcome", name)
}

// choose is the node that is tried: rather one that is no control plane and has no taints.
func (s *Scene) choose(nodes map[string]nodeState) (nodeState, bool) {
	var usable []nodeState
	planes := s.Cluster.With(inventory.ControlPlane)
	workers := slices.DeleteFunc(slices.Clone(s.Cluster.Hosts), func(h inventory.Host) bool {
		return h.Has(inventory.ControlPlane)
	})
	for _, h := range append(workers, planes...) {
		n, ok := nodes[h.Name]
		if status, _ := n.condition("Ready"); ok && status == "True" && !n.Spec.Unschedulable {
			usable = append(usable, n)
		}
	}
	if len(usable) == 0 {
		return nodeState{}, false
	}
	if i := slices.IndexFunc(usable, func(n nodeState) bool { return len(n.Spec.Taints) == 0 }); i >= 0 {
		return usable[i], true
	}
	return usable[0], true
}

// markNode gives a node the label and the taint with a value, or takes both away with "".
func (s *Scene) markNode(ctx context.Context, n nodeState, value string) error {
	path := "/api/v1/nodes/" + n.Metadata.Name
	// The list of taints is replaced as a whole, and others may have changed it.
	const tries = 5
	var err error
	for range tries {
		var now struct {
			Metadata struct{ ResourceVersion string }
			Spec     struct{ Taints []taint }
		}
		if err = s.get(ctx, path, &now); err != nil {
			return err
		}
		taints := slices.DeleteFunc(now.Spec.Taints, func(t taint) bool { return t.Key == mark })
		if value != "" {
			taints = append(taints, taint{Key: mark, Value: value, Effect: "NoSchedule"})
		}
		change := labelPatch(value)
		metadata := change["metadata"].(object)
		metadata["resourceVersion"] = now.Metadata.ResourceVersion
		change["spec"] = object{"taints": taints}
		if err = s.patch(ctx, path, change); !isCode(err, 409) {
			return err
		}
	}
	return err
}

// labelPatch sets the label of a node, or takes it away with "".
func labelPatch(value string) object {
	label := any(value)
	if value == "" {
		label = nil
	}
	return object{"metadata": object{"labels": object{mark: label}}}
}

// goesTo waits until a pod runs on a node.
func (s *Scene) goesTo(ctx context.Context, pod, node string) []Failure {
	at, failures := s.running(ctx, pod)
	if failures == nil && at.node != node {
		text := fmt.Sprintf("the pod asks for a label that only %s has, and is on %s", node, at.node)
		failures = []Failure{{Host: at.node, Text: text, Pods: []string{pod}}}
	}
	return failures
}

// staysAway waits until the scheduler has refused a pod.
func (s *Scene) staysAway(ctx context.Context, pod string) []Failure {
	err := await(ctx, waitLimit(20*time.Second), "the scheduler to refuse a pod",
		func(ctx context.Context) (bool, string, error) {
			pods, err := s.pods(ctx, pod)
			i := slices.IndexFunc(pods, func(p api.PodState) bool { return p.Name == pod })
			switch {
			case err != nil || i < 0:
				return false, "the pod is not there", err
			case pods[i].Node != "":
				return false, "the pod is on " + pods[i].Node + " in spite of the taint", nil
			}
			return pods[i].Unplaced != "", "the scheduler has not looked at the pod", nil
		})
	if err != nil {
		return []Failure{{Text: err.Error(), Pods: []string{pod}}}
	}
	return nil
}
