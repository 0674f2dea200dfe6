package checkup

import (
	"fmt"
	"slices"
)

// dns judges the pods of the cluster DNS: all replicas count, and where they run.
func dns(s Scene) (string, []Problem) {
	told, ok := s.api()
	if !ok {
		if !s.Live {
			return "", nil
		}
		return "not known: no API server answers", nil
	}
	pods := told.Pods
	if pods == nil {
		return "there is no deployment coredns", []Problem{{
			Level: Broken, Text: "the cluster has no DNS: there is no deployment kube-system/coredns",
			Hint: "`kbootstrap up` makes it",
		}}
	}
	var found []Problem
	ready := 0
	var on []string
	for _, p := range pods.Pods {
		if !p.Ready {
			text := "the pod " + p.Name + " of the cluster DNS is not ready"
			if p.Why != "" {
				text += ": " + p.Why
			}
			found = append(found, Problem{
				Level: Broken, Host: p.Node, Text: text, Hint: "kubectl -n kube-system describe pod " + p.Name,
			})
			continue
		}
		ready++
		if !slices.Contains(on, p.Node) {
			on = append(on, p.Node)
		}
	}
	slices.Sort(on)
	text := fmt.Sprintf("%d of %d replicas ready", ready, pods.Wanted)
	if len(on) > 0 {
		text += ", on " + several(on)
	}
	if ready < pods.Wanted && found == nil {
		found = append(found, Problem{
			Level: Broken, Text: fmt.Sprintf("%d of %d replicas of the cluster DNS are there", ready, pods.Wanted),
			Hint: "kubectl -n kube-system describe replicasets -l k8s-app=kube-dns",
		})
	}
	if others := s.takers(on); ready > 1 && len(on) == 1 && len(others) > 0 {
		found = append(found, Problem{
			Level: Warning,
			Text:  "all replicas of the cluster DNS are on " + on[0] + ": without that host no name is resolved",
			Hint:  "`kbootstrap up` moves one; " + several(others) + " could take one",
		})
	}
	return text, found
}

// takers are the nodes that could take a pod of the cluster DNS, but for those that have one.
func (s Scene) takers(but []string) []string {
	told, _ := s.api()
	var names []string
	for _, n := range told.Nodes {
		tainted := slices.ContainsFunc(n.Taints, func(taint string) bool {
			return taint != "node-role.kubernetes.io/control-plane:NoSchedule"
		})
		if n.Ready && !n.Cordoned && !tainted && !slices.Contains(but, n.Name) {
			names = append(names, n.Name)
		}
	}
	return names
}
