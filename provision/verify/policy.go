package verify

import (
	"context"
	"fmt"
	"strings"

	"kbootstrap/inventory"
)

const guarded = "guarded"

// hasNoPolicies says that nothing enforces policies.
func hasNoPolicies(_ context.Context, s *Scene) string {
	if s.Cluster.Network.Policy == inventory.PolicyKubeRouter {
		return ""
	}
	return "nothing enforces NetworkPolicy: network.policy is " + s.Cluster.Network.Policy
}

// policiesHold checks that a pod on each host is reached before a policy closes it, not while it is
// closed, and again when the policy lets the agents in. The agent of another host asks, as packets
// of a host to its own pods are never held up.
func policiesHold(ctx context.Context, s *Scene) (string, []Failure) {
	agents, failures := s.everyAgent(ctx)
	hosts := s.agentsReached(ctx)
	if len(hosts) == 0 {
		return "", append(failures, Failure{Text: "there are no pods to try"})
	}
	daemons := s.daemonSet(guarded, podSpec{Args: []string{"netexec", "--http-port=8080"}, Everywhere: true})
	if err := s.create(ctx, s.workloads("daemonsets"), daemons); err != nil {
		return "", failed(err)
	}
	pods, failures := s.onEveryHost(ctx, guarded, agentWait)
	if len(pods) == 0 {
		return "", failures
	}
	var open, closed []way
	for i, h := range hosts {
		to, ok := pods[h]
		if !ok {
			continue
		}
		from := hosts[(i+1)%len(hosts)]
		w := way{
			from: from, about: fmt.Sprintf("its pod asks the pod on %s", h), hosts: []string{h}, pods: []string{to.pod},
			Question: throughPod(agents[from], to.ip, podPort, "hostname"), right: is(to.pod),
		}
		open = append(open, w)
		w.about = "a pod on " + from + " asks the pod on this host, which a NetworkPolicy closes"
		w.at, w.hosts, w.isAnswer = h, []string{from}, isRefusal
		w.right = func(string) string { return answersAnyway }
		closed = append(closed, w)
	}
	if failures := s.tryWays(ctx, open); failures != nil {
		return "", failures
	}
	policies := "/apis/networking.k8s.io/v1/namespaces/" + s.Namespace + "/networkpolicies"
	if err := s.create(ctx, policies, policyFor("closed", nil)); err != nil {
		return "", failed(err)
	}
	if failures := s.tryWays(ctx, closed); failures != nil {
		return "", failures
	}
	letIn := []object{{"from": []object{{"podSelector": object{"matchLabels": object{"app": agentsName}}}}}}
	if err := s.create(ctx, policies, policyFor("let-in", letIn)); err != nil {
		return "", failed(err)
	}
	return "closed and let in on " + number(len(open), "host"), s.tryWays(ctx, open)
}

// policyFor is a NetworkPolicy for the guarded pods.
func policyFor(name string, ingress []object) object {
	return object{
		"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta(name),
		"spec": object{
			"podSelector": object{"matchLabels": object{"app": guarded}}, "policyTypes": []string{"Ingress"},
			"ingress": ingress,
		},
	}
}

// answersAnyway is the fault of a pod that a policy closes.
const answersAnyway = "the pod answers"

// isRefusal reports whether a fault is that nothing came through, and not that nothing was asked.
func isRefusal(fault string) bool {
	return fault != answersAnyway && !strings.HasPrefix(fault, "400: ") &&
		!strings.HasPrefix(fault, "the host cannot ask")
}
