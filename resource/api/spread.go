package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Spread is that the pods of a Deployment are not all on one node while another could take one. The
// scheduler looks at that only when it places a pod: pods that were placed before a second node was
// ready, or while it was down, stay together for ever.
type Spread struct {
	Namespace, Name string        // of the Deployment, which says itself where its pods may not be
	Kubeconfig      string        // path on the host, below System.Root
	Timeout         time.Duration // how long to wait; 0 means two minutes
	Absent          bool          // they are all on one node
}

// ID is "spread Deployment NAMESPACE/NAME".
func (s Spread) ID() string { return "spread Deployment " + s.Namespace + "/" + s.Name }

// State says that the pods are on several nodes, as far as there are any that could take them.
func (s Spread) State() string {
	return resource.States(resource.Flag("not all on one node", !s.Absent))
}

// Answers returns the API server: pods are asked for on control planes only.
func (s Spread) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is pods that are all on one node.
func (s Spread) Absence() resource.Resource {
	s.Absent = true
	return s
}

// Observe asks the API once. When that does not answer, nothing is known to be wrong: there is no
// pod to move then.
func (s Spread) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	found := s
	found.Absent = false
	a, err := kube.OpenAPI(sys, s.Kubeconfig)
	if host.Absent(err) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	d, pods, err := s.look(ctx, a)
	if err == nil {
		found.Absent, err = d.isCrowd(ctx, a, pods)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && kube.Passing(err):
		found.Absent = false
		return found, nil
	}
	return found, err
}

// Apply has one of the pods placed again, and waits until all are ready. It evicts, and does not
// delete: a budget of disruptions is kept.
func (s Spread) Apply(ctx context.Context, sys *host.System) error {
	if s.Absent {
		return nil
	}
	a, err := kube.OpenAPI(sys, s.Kubeconfig)
	if err != nil {
		return err
	}
	sys.Logf("waiting: %s", s.ID())
	return apiWait{what: s.ID(), timeout: s.Timeout, code: fault.ObjectNotReady}.until(ctx, sys, a, s.step)
}

// step does what can be done now, and tells what is still waited for. One pod is moved at a time,
// and none while a replica is missing. The pods themselves are asked: what the Deployment tells of
// them is late.
func (s Spread) step(ctx context.Context, a *kube.API) (waiting, err error) {
	d, pods, err := s.look(ctx, a)
	if err != nil {
		return nil, err
	}
	ready := 0
	for _, p := range pods {
		if p.vitals().Ready {
			ready++
		}
	}
	if ready < d.Spec.Replicas {
		return fmt.Errorf("%d of %d replicas are ready", ready, d.Spec.Replicas), nil
	}
	if crowded, err := d.isCrowd(ctx, a, pods); err != nil || !crowded {
		return nil, err
	}
	name := pods[0].Metadata.Name
	body, err := json.Marshal(map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction",
		"metadata": map[string]any{"name": name, "namespace": s.Namespace},
	})
	if err != nil {
		return nil, err
	}
	path := "/api/v1/namespaces/" + s.Namespace + "/pods/" + name + "/eviction"
	err = a.Change(ctx, http.MethodPost, path, "application/json", nil, body)
	return fmt.Errorf("the pod %s is placed again", name), err
}

// spreadDeployment is what we read of the Deployment.
type spreadDeployment struct {
	Spec struct {
		Replicas int
		Selector struct{ MatchLabels map[string]string }
		Template struct {
			Spec struct{ Tolerations []toleration }
		}
	}
}

// look reads the Deployment and its pods.
func (s Spread) look(ctx context.Context, a *kube.API) (d spreadDeployment, pods []pod, err error) {
	path, err := kube.Path("apps/v1", "Deployment", s.Namespace, s.Name)
	if err != nil {
		return d, nil, err
	}
	if err := read(ctx, a, path, &d); err != nil {
		return d, nil, err
	}
	pods, err = podsOf(ctx, a, s.Namespace, selector(d.Spec.Selector.MatchLabels))
	return d, pods, err
}

// isCrowd reports whether the pods are several, and all on one node while another could take one.
func (d spreadDeployment) isCrowd(ctx context.Context, a *kube.API, pods []pod) (bool, error) {
	if len(pods) < 2 {
		return false, nil
	}
	on := pods[0].Spec.NodeName
	if slices.ContainsFunc(pods, func(p pod) bool { return p.Spec.NodeName != on || on == "" }) {
		return false, nil
	}
	return hasTaker(ctx, a, on, d.Spec.Template.Spec.Tolerations)
}

// selector is labels as a query has them.
func selector(labels map[string]string) string {
	var all []string
	for key, value := range labels {
		all = append(all, key+"="+value)
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// toleration is a toleration of a pod.
type toleration struct{ Key, Operator, Value, Effect string }

// tolerates reports whether a pod with the toleration is placed in spite of the taint.
func (t toleration) tolerates(taint kubeTaint) bool {
	return (t.Effect == "" || t.Effect == taint.Effect) &&
		(t.Key == taint.Key && (t.Operator == "Exists" || t.Value == taint.Value) ||
			t.Key == "" && t.Operator == "Exists")
}

// hasTaker reports whether a node other than the one takes pods with the tolerations.
func hasTaker(ctx context.Context, a *kube.API, but string, tolerations []toleration) (bool, error) {
	nodes, err := takers(ctx, a, tolerations)
	return slices.ContainsFunc(nodes, func(name string) bool { return name != but }), err
}
