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
			Text: fmt.Sprintf("this host is a node of the cluster, but %s does not list it", s.Cluster.File),
			Advice: fmt.Sprintf("put the host back into the inventory, take it out of the cluster with "+
				"`kbootstrap remove-node %s`, and then remove it from the inventory; if the machine is lost: "+
				"`kubectl delete node %s`", n.Name, n.Name),
		})
	}
	for _, m := range s.Census.Members {
		if _, ok := s.Cluster.Host(m.Name); ok || m.Name == "" {
			continue
		}
		rs = append(rs, &RefusedError{
			Code: fault.MemberGone, Host: m.Name,
			Text:   fmt.Sprintf("this host is a member of etcd, but %s does not list it", s.Cluster.File),
			Advice: "put the host back: members leave etcd by `kbootstrap remove-node`, never by omission",
		})
	}
	return rs
}

// members finds hosts that etcd's own list of members contradicts.
func members(s Situation) Refusals {
	known := s.Census.Members
	if known == nil {
		return nil // no source of the census knew the members
	}
	var rs Refusals
	for _, h := range s.Cluster.With(inventory.Etcd) {
		isNew := func(m api.EtcdMember) bool { return m.Name == "" && isAt(m, h) }
		i := slices.IndexFunc(known, func(m api.EtcdMember) bool { return m.Name == h.Name })
		facts, asked := s.Facts[h.Name]
		switch {
		case i < 0 && slices.ContainsFunc(known, isNew):
			// It was added, and has not started yet.
		case i < 0 && !s.isLimited():
			// It joins, see joining.
		case i < 0:
			rs = append(rs, &RefusedError{
				Code: fault.MemberAdded, Host: h.Name,
				Text: fmt.Sprintf("%s:%d gives this host the role etcd, the running cluster has no such member, and "+
					"this run is limited", s.Cluster.File, h.Line),
				Advice: fmt.Sprintf("run `kbootstrap add-node %s`, or `kbootstrap up` without limits", h.Name),
			})
		case !isAt(known[i], h):
			rs = append(rs, &RefusedError{
				Code: fault.MemberMoved, Host: h.Name,
				Text: fmt.Sprintf("the address of this host is %s in the inventory, but etcd has the member at %s",
					h.Address, strings.Join(known[i].PeerURLs, ", ")),
				Advice: keepAddress,
			})
		case asked && known[i].Started && !facts.EtcdData:
			rs = append(rs, &RefusedError{
				Code: fault.MemberEmpty, Host: h.Name,
				Text: fmt.Sprintf("this host is a member of etcd, but %s holds no data: the disk was lost, or "+
					"the host was installed again", component.EtcdData),
				Advice: fmt.Sprintf("restore the directory while etcd is stopped, or, of a host that was installed "+
					"again, run `kbootstrap replace-node %s`; a member that starts empty would break the promises "+
					"that it made to the others", h.Name),
			})
		}
	}
	return rs
}

// isAt reports whether etcd has a member at the address of a host.
func isAt(m api.EtcdMember, h inventory.Host) bool {
	return slices.Contains(m.PeerURLs, "https://"+h.Address.String()+":2380")
}
