package verify

import (
	"context"
	"slices"
	"strings"

	"kbootstrap/internal/human"
	"kbootstrap/resource/api"
)

// nodeState is what the checks read of a node.
type nodeState struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		PodCIDR       string
		Unschedulable bool
		Taints        []taint
	}
	Status struct {
		NodeInfo   struct{ MachineID, Architecture string }
		Conditions []struct{ Type, Status, Message string }
	}
}

// taint is a taint of a node, as the API has it.
type taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

// condition is the state of a condition of the node, and its message.
func (n nodeState) condition(kind string) (status, message string) {
	for _, c := range n.Status.Conditions {
		if c.Type == kind {
			return c.Status, c.Message
		}
	}
	return "", ""
}

// nodes are the nodes of the API by name.
func (s *Scene) nodes(ctx context.Context) (map[string]nodeState, error) {
	var list struct{ Items []nodeState }
	if err := s.get(ctx, "/api/v1/nodes", &list); err != nil {
		return nil, err
	}
	nodes := map[string]nodeState{}
	for _, n := range list.Items {
		nodes[n.Metadata.Name] = n
	}
	return nodes, nil
}

// nodesReady checks the nodes of the inventory.
func nodesReady(ctx context.Context, s *Scene) (string, []Failure) {
	nodes, err := s.nodes(ctx)
	if err != nil {
		return "", failed(err)
	}
	var failures []Failure
	for _, h := range s.Cluster.Hosts {
		fail := func(text string) { failures = append(failures, Failure{Host: h.Name, Text: text}) }
		if err := s.Unreached[h.Name]; err != nil {
			fail("the host was not reached: " + human.OneLine(err.Error()))
		}
		n, ok := nodes[h.Name]
		if !ok {
			fail("the API has no such node")
			continue
		}
		if status, message := n.condition("Ready"); status != "True" {
			fail("the node is not ready: " + human.OneLine(message))
		}
		for _, pressure := range append([]string{"NetworkUnavailable"}, pressures...) {
			if status, message := n.condition(pressure); status == "True" {
				fail(pressure + ": " + human.OneLine(message))
			}
		}
		if n.Spec.Unschedulable {
			fail("the node is cordoned, so that the scheduler places no pods there")
		}
	}
	return number(len(s.Cluster.Hosts), "node"), failures
}

// podsStart checks that each host runs an agent.
func podsStart(ctx context.Context, s *Scene) (string, []Failure) {
	agents, failures := s.everyAgent(ctx)
	return number(len(agents), "pod"), failures
}

// tolerating tolerates the taints that a node's owner has set, and none that a cluster sets to keep
// pods away.
func tolerating(n nodeState) []object {
	var tolerations []object
	for _, t := range n.Spec.Taints {
		if !strings.HasPrefix(t.Key, "node.kubernetes.io/") && t.Key != mark {
			tolerations = append(tolerations, object{"key": t.Key, "operator": "Exists", "effect": t.Effect})
		}
	}
	return tolerations
}

// podsAreScheduled has the scheduler place a pod on each host. A DaemonSet would not do: its pods
// go to nodes that are cordoned too.
func podsAreScheduled(ctx context.Context, s *Scene) (string, []Failure) {
	const app = "placed"
	nodes, err := s.nodes(ctx)
	if err != nil {
		return "", failed(err)
	}
	var wanted []string
	for _, h := range s.Cluster.Hosts {
		n, ok := nodes[h.Name]
		if !ok {
			continue // which is a matter of another check
		}
		wanted = append(wanted, h.Name)
		p := s.pod(app+"-"+h.Name, app, podSpec{Args: []string{"pause"}, Node: h.Name, Tolerate: tolerating(n)})
		if err := s.create(ctx, s.path("pods"), p); err != nil {
			return "", failed(err)
		}
	}
	var failures []Failure
	err = await(ctx, podWait, "pods to be placed", func(ctx context.Context) (bool, string, error) {
		pods, err := s.pods(ctx, app)
		if err != nil {
			return false, "", err
		}
		failures = nil
		for _, name := range wanted {
			i := slices.IndexFunc(pods, func(p api.PodState) bool { return p.Name == app+"-"+name })
			text := ""
			switch {
			case i < 0:
				text = "the pod is not there any more"
			case pods[i].Ready:
				continue
			case pods[i].Node == "" && !pods[i].Looked:
				text = "the scheduler has not looked at the pod"
			case pods[i].Node == "":
				text = "the scheduler places no pod there: " + pods[i].Unplaced
			default:
				text = pods[i].Why
			}
			failures = append(failures, Failure{Host: name, Text: text, Pods: []string{app + "-" + name}})
		}
		return failures == nil, "", nil
	})
	if err != nil && failures == nil {
		failures = failed(err)
	}
	return number(len(wanted), "pod"), failures
}
