package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/node"
)

// namesResolve checks the cluster's DNS: on each host, as its programs ask, over UDP and TCP, and
// in a pod on it, by a short name.
func namesResolve(ctx context.Context, s *Scene) (string, []Failure) {
	agents, _ := s.everyAgent(ctx)
	server := s.Cluster.ServiceIP(10).String()
	name := "kubernetes.default.svc." + s.Cluster.Network.Domain
	want := s.Cluster.ServiceIP(1).String()
	var ways []way
	for _, h := range s.Reached {
		for _, scheme := range []string{"dns", "dns+tcp"} {
			network := map[string]string{"dns": "UDP", "dns+tcp": "TCP"}[scheme]
			ways = append(ways, way{
				from: h, about: fmt.Sprintf("the host asks %s for %s over %s", server, name, network),
				Question: node.Question{URL: scheme + "://" + server + "/" + name}, right: includes(want),
			})
		}
		a, ok := agents[h]
		if !ok {
			continue
		}
		// An address that is found and does not answer is a matter of another check.
		ways = append(ways, way{
			from: h, about: "a pod asks for the Service " + agentsName, pods: []string{a.pod},
			Question: throughPod(a, agentsName, 80, "hostname"), isAnswer: isOfConnection,
		})
	}
	failures := s.tryWays(ctx, ways)
	if failures != nil {
		failures = append(failures, s.nameServers(ctx)...)
	}
	return number(len(ways), "question"), failures
}

// isOfConnection reports whether a pod had an address, and got no further: what it tells is how it
// asked, while a name that is not found is a bad request of ours.
func isOfConnection(fault string) bool {
	return !strings.HasPrefix(fault, "400: ") && !strings.HasPrefix(fault, "no answer within") &&
		!strings.HasPrefix(fault, "the host cannot ask")
}

// includes wants an address among those of an answer.
func includes(address string) func(string) string {
	return func(answer string) string {
		if slices.Contains(strings.Fields(answer), address) {
			return ""
		}
		return fmt.Sprintf("the answer is %q, which has no %s", answer, address)
	}
}

// nameServers says that no replica of the cluster's DNS is ready.
func (s *Scene) nameServers(ctx context.Context) []Failure {
	var read struct {
		Spec   struct{ Replicas int }
		Status struct{ ReadyReplicas int }
	}
	if err := s.get(ctx, "/apis/apps/v1/namespaces/kube-system/deployments/coredns", &read); err != nil {
		return failed(err)
	}
	if read.Status.ReadyReplicas > 0 {
		return nil
	}
	return []Failure{{Text: fmt.Sprintf("no replica of the cluster DNS is ready; %d are wanted", read.Spec.Replicas)}}
}
