package guard

import (
	"fmt"
	"slices"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource/api"
)

// SameMachine finds entries of the inventory that lead to one machine, as forwarded ports do that
// were mixed up: it has one machine-id, and was booted once.
func SameMachine(s Situation) Refusals {
	var rs Refusals
	seen := map[[2]string]inventory.Host{}
	for _, h := range s.Cluster.Hosts {
		facts, asked := s.Facts[h.Name]
		if !asked || facts.MachineID == "" || facts.BootID == "" {
			continue
		}
		boot := [2]string{facts.MachineID, facts.BootID}
		if other, ok := seen[boot]; ok {
			rs = append(rs, TwoEntries(s.Cluster, other, h))
			continue
		}
		seen[boot] = h
	}
	return rs
}

// TwoEntries refuses two entries of the inventory that lead to one machine.
func TwoEntries(c *inventory.Cluster, a, b inventory.Host) *RefusedError {
	return &RefusedError{
		Code: fault.SameMachine, Host: b.Name,
		Text: fmt.Sprintf("%s:%d and %s:%d (%s and %s) lead to the same machine", c.File, a.Line, c.File, b.Line,
			a.Name, b.Name),
		Advice: fmt.Sprintf("correct ssh.address and ssh.port of %s or %s: `ssh` with these must show two machines "+
			"(compare `cat /etc/machine-id`)", a.Name, b.Name),
	}
}

// otherMachines finds hosts whose machine the API knows as another node, and nodes that another
// machine keeps alive. A session leads to the wrong machine then, or a name has changed.
func otherMachines(s Situation) Refusals {
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		facts, asked := s.Facts[h.Name]
		if !asked {
			continue
		}
		own := slices.IndexFunc(s.Census.Nodes, func(n api.RegisteredNode) bool { return n.Name == h.Name })
		other := slices.IndexFunc(s.Census.Nodes, func(n api.RegisteredNode) bool {
			return n.Name != h.Name && isMachineOf(n, facts)
		})
		switch {
		case own >= 0 && !isOtherMachine(s.Census.Nodes[own], facts):
			// What another node tells of this machine is from before.
		case other >= 0:
			rs = append(rs, isNode(s, h, s.Census.Nodes[other].Name))
		case own >= 0 && s.Census.Nodes[own].Ready:
			rs = append(rs, nodeTaken(h, s.Census.Nodes[own], facts))
		}
	}
	return rs
}

// isNode refuses a host whose machine is a node of another name.
func isNode(s Situation, h inventory.Host, node string) *RefusedError {
	advice := fmt.Sprintf("a node keeps its name: write `name: %s` again; to rename a worker, take it out with "+
		"`kbootstrap reset --host %s` first, and add it under its new name then", node, node)
	if other, ok := s.Cluster.Host(node); ok {
		advice = fmt.Sprintf("correct ssh.address and ssh.port of %s (line %d) or %s (line %d): they are mixed up, or "+
			"the names are", h.Name, h.Line, node, other.Line)
	}
	return &RefusedError{
		Code: fault.OtherNode, Host: h.Name,
		Text: fmt.Sprintf("%s:%d leads to the machine that is the node %s of the cluster",
			s.Cluster.File, h.Line, node),
		Advice: advice,
	}
}

// nodeTaken refuses a host whose node lives on another machine.
func nodeTaken(h inventory.Host, n api.RegisteredNode, facts host.Facts) *RefusedError {
	return &RefusedError{
		Code: fault.NodeTaken, Host: h.Name,
		Text: fmt.Sprintf("the node %s runs on another machine (machine-id %s) than the one that was reached (%s)",
			n.Name, n.MachineID, facts.MachineID),
		Advice: fmt.Sprintf("correct ssh.address and ssh.port, or give this host another name; if this machine is to "+
			"replace the other, switch that one off and run the command again when `kubectl get node %s` says NotReady",
			n.Name),
	}
}

// newMachines warns of nodes whose machine is another than the one that registered them, and new:
// the one that registered them is silent.
func newMachines(s Situation) []string {
	var warnings []string
	for _, n := range s.Census.Nodes {
		facts, asked := s.Facts[n.Name]
		if asked && isOtherMachine(n, facts) && !n.Ready && !slices.Contains(facts.Units, "kubelet.service") {
			warnings = append(warnings, fmt.Sprintf("%s is a freshly installed machine, not the one that registered "+
				"the node; `up` will register it again", n.Name))
		}
	}
	return warnings
}

// isMachineOf reports whether a machine is the one that registered a node: it has its machine-id,
// and was not booted since.
func isMachineOf(n api.RegisteredNode, facts host.Facts) bool {
	return n.MachineID != "" && n.MachineID == facts.MachineID && n.BootID != "" && n.BootID == facts.BootID
}

// isOtherMachine reports whether a machine is not the one that registered a node. One that got
// another machine-id while it runs is still the same.
func isOtherMachine(n api.RegisteredNode, facts host.Facts) bool {
	return n.MachineID != "" && facts.MachineID != "" && n.MachineID != facts.MachineID &&
		(n.BootID == "" || n.BootID != facts.BootID)
}
