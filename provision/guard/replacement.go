package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// Replacement finds what keeps hosts that were installed again from taking the places of those that
// they were before. The old member of etcd leaves, and the new one joins as any other does, so all
// other members must be well for both.
func Replacement(s Situation) Refusals {
	var rs Refusals
	leaves := func(h inventory.Host) bool { return slices.Contains(s.Leavers, h.Name) }
	for _, h := range s.Cluster.Hosts {
		if traces := tracesOn(s.Facts[h.Name].EtcdBootstrapped != "", s.Facts[h.Name].EtcdData,
			s.Facts[h.Name].Units); leaves(h) && traces != "" {
			rs = append(rs, &RefusedError{
				Code: fault.NotInstalledAgain, Host: h.Name,
				Text: "this host was not installed again: it has " + traces,
				Advice: fmt.Sprintf("if an earlier `replace-node` was cut off: `kbootstrap add-node %s`; to take the "+
					"host out of the cluster: `kbootstrap remove-node %s`", h.Name, h.Name),
			})
		}
	}
	for _, r := range otherMachines(s) {
		if slices.Contains(s.Leavers, r.Host) {
			rs = append(rs, r)
		}
	}
	if slices.ContainsFunc(s.Cluster.With(inventory.Etcd), leaves) {
		rs = append(rs, s.unfitToReplace(leaves)...)
	}
	return rs
}

// tracesOn is what a host has of a cluster; "" when it has nothing.
func tracesOn(marked, hasData bool, units []string) string {
	var traces []string
	if marked {
		traces = append(traces, "the mark of a member of etcd")
	}
	if hasData {
		traces = append(traces, "data in "+component.EtcdData)
	}
	for _, unit := range []string{"kubelet.service", "kube-apiserver.service"} {
		if slices.Contains(units, unit) {
			traces = append(traces, unit)
		}
	}
	return strings.Join(traces, ", ")
}

// unfitToReplace finds what is wrong with the other members of etcd.
func (s Situation) unfitToReplace(leaves func(inventory.Host) bool) Refusals {
	var rs Refusals
	refuse := func(advice, format string, args ...any) {
		rs = append(rs, &RefusedError{
			Code: fault.RefusedReplacement, Text: fmt.Sprintf(format, args...), Advice: advice,
		})
	}
	all := s.Cluster.With(inventory.Etcd)
	var sick []string
	others := 0
	for _, h := range all {
		if leaves(h) {
			continue
		}
		others++
		if why := s.sickness(h); why != "" {
			sick = append(sick, h.Name+" ("+why+")")
		}
	}
	switch {
	case others == 0:
		refuse("restore a backup of etcd", "all %d members of etcd would be new, with none of the data", len(all))
	case sick != nil:
		refuse("bring these members back first; if they are lost too, `kbootstrap recover` makes a cluster out of one",
			"%d of the %d other members of etcd are not well, and each of them is needed: %s", len(sick), others,
			strings.Join(sick, ", "))
	}
	for _, m := range s.Census.Members {
		isReplaced := func(h inventory.Host) bool { return leaves(h) && isAt(m, h) }
		if m.Learner && !slices.ContainsFunc(all, isReplaced) {
			refuse("wait until that member has been promoted, or finish its `kbootstrap add-node`",
				"etcd has a learner: %s at %s", nameOf(m), strings.Join(m.PeerURLs, ", "))
		}
	}
	return rs
}
