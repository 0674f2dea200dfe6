package checkup

import (
	"fmt"
	"strings"

	"kbootstrap/resource/api"
)

// nodes judges what the API says of the nodes, and of the loops that look after them.
func nodes(s Scene) (string, []Problem) {
	told, ok := s.api()
	if !ok {
		if !s.Live {
			return "", nil
		}
		return "not known: no API server answers", nil
	}
	var found []Problem
	ready, registered := 0, map[string]bool{}
	var cordoned []string
	for _, n := range told.Nodes {
		registered[n.Name] = true
		h, ours := s.Cluster.Host(n.Name)
		if !ours {
			found = append(found, Problem{
				Level: Warning,
				Text:  fmt.Sprintf("the API has the node %s, which %s does not list", n.Name, s.Cluster.File),
				Hint:  "put the host into the inventory, or, if it is gone for good: kubectl delete node " + n.Name,
			})
			continue
		}
		switch {
		case n.Ready && len(n.Wrong) == 0:
			ready++
		case n.Ready: // and under pressure: the kubelet evicts pods
			found = append(found, Problem{
				Level: Broken, Host: h.Name, Text: "the node takes no pods: " + strings.Join(n.Wrong, "; "),
				Hint: "kubectl describe node " + n.Name,
			})
		default:
			found = append(found, Problem{
				Level: Broken, Host: h.Name, Text: "the node is not ready: " + strings.Join(n.Wrong, "; "),
				Hint: "journalctl -u kubelet on the host; `kbootstrap up` mends what differs",
			})
		}
		if n.Cordoned {
			cordoned = append(cordoned, n.Name)
			found = append(found, cordon(n))
		}
	}
	for _, h := range s.Cluster.Hosts {
		if !registered[h.Name] {
			found = append(found, Problem{
				Level: Broken, Host: h.Name, Text: "the API has no such node", Hint: "`kbootstrap up` makes it one",
			})
		}
	}
	text := fmt.Sprintf("%d of %d Ready", ready, len(s.Cluster.Hosts))
	if cordoned != nil {
		text += ", cordoned: " + several(cordoned)
	}
	return text, found
}

// cordon tells who has cordoned a node, as far as the tool knows it, and how that ends.
func cordon(n api.NodeVitals) Problem {
	p := Problem{
		Level: Note, Host: n.Name, Text: "the node is cordoned: no new pods are scheduled there",
		Hint: "kubectl uncordon " + n.Name,
	}
	switch n.Mark {
	case api.MarkUpgrade:
		p.Level, p.Text = Warning, "the node was emptied for an upgrade, and takes no pods"
		p.Hint = "`kbootstrap upgrade` goes on, and has the node take pods again"
	case api.MarkRemoval:
		p.Level, p.Text = Warning, "`remove-node` has begun to empty the node"
		p.Hint = "`kbootstrap remove-node " + n.Name + "` goes on; or kubectl uncordon " + n.Name
	}
	return p
}

// several joins names, but not more than fit into a line.
func several(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
