package guard

import (
	"fmt"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// RestartsOf are the hosts on which a plan, when it was looked at, restarts a member of etcd that
// runs.
func RestartsOf(p plan.Plan) []string {
	var hosts []string
	for _, s := range p.Steps {
		if s.Component.Name != component.Etcd || !s.Running() {
			continue
		}
		for _, c := range s.Changes() {
			if _, ok := c.Wanted.(resource.Service); ok {
				hosts = append(hosts, s.About())
			}
		}
	}
	return hosts
}

// quorum finds out whether the plan would restart a member of etcd while so many others are out of
// reach that the rest are no majority.
func quorum(s Situation) Refusals {
	members := s.Cluster.With(inventory.Etcd)
	away := 0
	for _, h := range members {
		if s.isUnreached(h.Name) {
			away++
		}
	}
	if away == 0 || len(members)-away-1 > len(members)/2 || len(s.Restarts) == 0 {
		return nil
	}
	return Refusals{{
		Code: fault.QuorumAtRisk, Host: s.Restarts[0],
		Text: fmt.Sprintf("etcd has to be restarted on this host, but %d of %d members cannot be reached: the rest "+
			"would not be a majority", away, len(members)),
		Advice: "bring the other members back first, or leave etcd out with --only",
	}}
}
