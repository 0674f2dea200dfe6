package provision

import (
	"context"
	"slices"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
)

// ReplaceNode lists what comes before the first change that `replace-node` makes: its plan takes
// what the machines before were out of the cluster. What they are to be again is made by AddNode
// then. confirm is asked when it is known what will go, and nothing is refused.
func ReplaceNode(hosts []string, confirm func(*Run) error) []Stage {
	return []Stage{
		LockState,
		LoadKeys,
		ConcernLeavers(Leave{Hosts: hosts}),
		ConnectLocked,
		NeedRemains,
		BuildReplacement,
		ObserveRemoval,
		JudgeReplacement,
		Refuse,
		KeepLead,
		Approve(confirm),
	}
}

// BuildReplacement plans how the former members and nodes leave: see component.Replacement.
func BuildReplacement(_ context.Context, r *Run) error {
	if r.lead == "" {
		return guard.Refusals{{
			Code: fault.RefusedReplacement, Text: "no other control plane can be reached",
			Cause:  r.LeftOut().ErrOrNil(),
			Advice: "bring another control plane back; if none is left, `kbootstrap recover` or a backup is the way",
		}}
	}
	var targets []component.Target
	for _, h := range r.Cluster.Hosts {
		if r.Leaving.Has(h.Name) {
			targets = append(targets, component.Target{
				Cluster: r.Cluster, Host: h, Facts: r.Fleet[h.Name].Facts, PKI: r.PKI, Lead: r.lead,
				Leavers: r.Leaving.Hosts, Leaving: true,
			})
		}
	}
	r.Plan = plan.Build(component.Replacement(), targets)
	return nil
}

// JudgeReplacement finds what the replacement would harm.
func JudgeReplacement(_ context.Context, r *Run) error {
	s := situation(r)
	s.Leavers = r.Leaving.Hosts
	r.Refusals = append(r.Refusals, guard.Replacement(s)...)
	return nil
}

// Formers are the hosts that a replacement takes something of out of the cluster: the members of
// etcd, and the nodes. Of a host that is in neither list, a run that was cut off has taken it away.
func (r *Run) Formers() (members, nodes []string) {
	for _, s := range r.Plan.Steps {
		if len(s.Changes()) == 0 {
			continue
		}
		if s.Component.Name == component.LeaveEtcd {
			members = append(members, s.About())
		} else if !slices.Contains(nodes, s.About()) {
			nodes = append(nodes, s.About())
		}
	}
	return members, nodes
}
