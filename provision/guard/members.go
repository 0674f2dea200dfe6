package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// goneHosts finds hosts of the cluster that the inventory no longer has: nodes that were made from
// it, and members of etcd.
func goneHosts(s Situation) Refusals {
	var rs Refusals
	for _, n := range s.Census.Nodes {
		if _, ok := s.Cluster.Host(n.Name); ok || !slices.Contains(s.Issued, n.Name) {
			continue
		}
		rs = append(rs, &RefusedError{
			Code: fault.HostGone, Host: n.Name,
			Text: fmt.Sprintf("it is a node of the cluster, and %s does not have it", s.Cluster.File),
			Advice: fmt.Sprintf("put it back, take it out with `kbootstrap reset --host %s`, and then remove it "+
				"from the inventory; if the machine "+
				"is lost: `kubectl delete node %s`", n.Name, n.Name),
		})
	}
	for _, m := range s.Census.Members {
		if _, ok := s.Cluster.Host(m.Name); ok || m.Name == "" {
			continue
		}
		rs = append(rs, &RefusedError{
			Code: fault.MemberGone, Host: m.Name,
			Text:   fmt.Sprintf("it is a member of etcd, and %s does not have it", s.Cluster.File),
			Advice: "put it back: members leave etcd one at a time and on purpose, never by omission",
		})
	}
	return rs
}

// members finds hosts that etcd's own list of members contradicts.
func members(s Situation) Refusals {
	known := s.Census.Members
	if known == nil {
		return nil // nobody told
	}
	var rs Refusals
	for _, h := range s.Cluster.With(inventory.Etcd) {
		isNew := func(m api.EtcdMember) bool { return m.Name == "" && isAt(m, h) }
		i := slices.IndexFunc(known, func(m api.EtcdMember) bool { return m.Name == h.Name })
		facts, asked := s.Facts[h.Name]
		switch {
		case i < 0 && slices.ContainsFunc(known, isNew):
			// It was added, and has not started yet.
		case i < 0:
			rs = append(rs, &RefusedError{
				Code: fault.MemberAdded, Host: h.Name,
				Text: fmt.Sprintf("%s:%d gives it the role etcd, and the running cluster does not have it as a "+
					"member", s.Cluster.File, h.Line),
				Advice: "take the role etcd from it: a running cluster gets no new members yet; they are made by " +
					"the first `kbootstrap up`",
			})
		case !isAt(known[i], h):
			rs = append(rs, &RefusedError{
				Code: fault.MemberMoved, Host: h.Name,
				Text: fmt.Sprintf("its address is %s in the inventory, and etcd has it at "+
					"%s", h.Address, strings.Join(known[i].PeerURLs, ", ")),
				Advice: "write the address again that etcd has: a member does not move to another address by a restart",
			})
		case asked && known[i].Started && !facts.EtcdData:
			rs = append(rs, &RefusedError{
				Code: fault.MemberEmpty, Host: h.Name,
				Text: fmt.Sprintf("it is a member of etcd, and %s holds no data: its disk is lost, or the host was "+
					"made anew", component.EtcdData),
				Advice: "restore the directory while etcd is stopped, or take the member out and add it again as " +
					"etcd's documentation tells; " +
					"started empty it would break the promises that it made to the other members",
			})
		}
	}
	return rs
}

// isAt reports whether etcd has a member at the address of a host.
func isAt(m api.EtcdMember, h inventory.Host) bool {
	return slices.Contains(m.PeerURLs, "https://"+h.Address.String()+":2380")
}

// newMachines tells of nodes whose machine is another than the one that registered them, and new.
func newMachines(s Situation) []string {
	var warnings []string
	for _, n := range s.Census.Nodes {
		facts, asked := s.Facts[n.Name]
		if asked && n.MachineID != "" && facts.MachineID != "" && n.MachineID != facts.MachineID &&
			!slices.Contains(facts.Units, "kubelet.service") {
			warnings = append(warnings, fmt.Sprintf("%s: it is another machine than the one that registered the "+
				"node %s, and new: "+
				"up makes it that node again", n.Name, n.Name))
		}
	}
	return warnings
}
