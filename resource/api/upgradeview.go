package api

import (
	"bufio"
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/kube"
)

// UpgradeView is what an API server tells of what an upgrade would meet.
type UpgradeView struct {
	Error string // why it does not tell; empty when it does
	// Requested are the deprecated versions of the API that clients have asked this server for
	// since it was started, and that a later release does not serve.
	Requested []RequestedAPI
	// Budgets are the PodDisruptionBudgets that allow no pod to go now, and Unowned the pods that
	// no controller would make again.
	Budgets []ExhaustedBudget
	Unowned []PodOnNode
}

// RequestedAPI is a resource in a version of the API.
type RequestedAPI struct {
	Resource string // "flowschemas.v1beta3.flowcontrol.apiserver.k8s.io"
	Removed  string // the first release that does not serve it: "1.32"
}

// ExhaustedBudget is a PodDisruptionBudget that allows no pod to go.
type ExhaustedBudget struct {
	Name             string // "NAMESPACE/NAME"
	Healthy, Desired int    // pods
	Expected         int    // pods that there will be
}

// Recovers reports whether the budget lets a pod go as soon as all its pods are healthy.
func (b ExhaustedBudget) Recovers() bool { return b.Expected > b.Desired }

// PodOnNode is a pod, by "NAMESPACE/NAME", and where it runs.
type PodOnNode struct{ Name, Node string }

// viewUpgrade asks an API server.
func viewUpgrade(ctx context.Context, sys *host.System, kubeconfig string) *UpgradeView {
	v := &UpgradeView{}
	if err := v.take(ctx, sys, kubeconfig); err != nil {
		*v = UpgradeView{Error: human.OneLine(err.Error())}
	}
	return v
}

func (v *UpgradeView) take(ctx context.Context, sys *host.System, kubeconfig string) error {
	a, err := kube.OpenAPI(sys, kubeconfig)
	if err != nil {
		return err
	}
	figures, err := a.Get(ctx, "/metrics")
	if err != nil {
		return err
	}
	v.Requested = requestedAPIs(figures)
	if err := v.takeBudgets(ctx, a); err != nil {
		return err
	}
	var pods struct {
		Items []struct {
			drainedPod
			Spec struct{ NodeName string }
		}
	}
	if err := read(ctx, a, "/api/v1/pods", &pods); err != nil {
		return err
	}
	for _, p := range pods.Items {
		if !p.stays() && len(p.Metadata.OwnerReferences) == 0 && p.Spec.NodeName != "" {
			v.Unowned = append(v.Unowned, PodOnNode{p.name(), p.Spec.NodeName})
		}
	}
	return nil
}

func (v *UpgradeView) takeBudgets(ctx context.Context, a *kube.API) error {
	var budgets struct {
		Items []struct {
			Metadata struct {
				Namespace, Name string
				Generation      int
			}
			Status struct {
				ObservedGeneration                                               int
				DisruptionsAllowed, CurrentHealthy, DesiredHealthy, ExpectedPods int
			}
		}
	}
	if err := read(ctx, a, "/apis/policy/v1/poddisruptionbudgets", &budgets); err != nil {
		return err
	}
	for _, b := range budgets.Items {
		if b.Status.ExpectedPods > 0 && b.Status.DisruptionsAllowed == 0 {
			v.Budgets = append(v.Budgets, ExhaustedBudget{
				b.Metadata.Namespace + "/" + b.Metadata.Name, b.Status.CurrentHealthy, b.Status.DesiredHealthy,
				b.Status.ExpectedPods,
			})
		}
	}
	return nil
}

// label is one label of a figure of Prometheus: what the API server writes into them needs no
// escapes.
var label = regexp.MustCompile(`(\w+)="([^"]*)"`)

// requestedAPIs reads the API server's own figures
// (https://kubernetes.io/docs/reference/using-api/deprecation-policy/).
func requestedAPIs(figures []byte) []RequestedAPI {
	var all []RequestedAPI
	lines := bufio.NewScanner(bytes.NewReader(figures))
	lines.Buffer(nil, len(figures)+1)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "apiserver_requested_deprecated_apis{") || strings.HasSuffix(line, " 0") {
			continue
		}
		labels := map[string]string{}
		for _, found := range label.FindAllStringSubmatch(line, -1) {
			labels[found[1]] = found[2]
		}
		requested := RequestedAPI{labels["resource"] + "." + labels["version"], labels["removed_release"]}
		if labels["group"] != "" {
			requested.Resource += "." + labels["group"]
		}
		if requested.Removed != "" && !slices.Contains(all, requested) {
			all = append(all, requested)
		}
	}
	return all
}
