package guard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/resource/api"
)

// Upgrade is what is known of a cluster before it is brought to other versions.
type Upgrade struct {
	AcceptDowntime bool
	Drains         []string                   // the hosts whose pods would leave
	Servers        []string                   // the hosts whose API server would be restarted
	Views          map[string]api.UpgradeView // by control plane
	Certificates   []Certificate              // of the state directory, on which all others hang
	Now            time.Time
}

// Certificate is when a certificate ends.
type Certificate struct {
	Path string
	Ends time.Time
}

// upgraded finds what keeps a cluster from being brought to other versions.
func upgraded(s Situation) Refusals {
	if s.Upgrade == nil {
		return nil
	}
	return slices.Concat(s.oldAPIs(), s.stuckPods(), s.downtime(), s.unwell(), s.ending())
}

// oldAPIs finds versions of the API that clients use and that the new release does not serve.
func (s Situation) oldAPIs() Refusals {
	versions, _ := release.Versions(s.Cluster, component.Sources()) // what is wrong the fetching of artifacts says
	wanted := numbersOf(versions["kubernetes"])
	users := map[api.RequestedAPI][]string{}
	var requested []api.RequestedAPI
	for _, h := range s.Cluster.With(inventory.ControlPlane) {
		for _, r := range s.Upgrade.Views[h.Name].Requested {
			removed := numbersOf(r.Removed + ".0")
			if wanted == nil || removed == nil || slices.Compare(removed, wanted) > 0 {
				continue
			}
			if users[r] == nil {
				requested = append(requested, r)
			}
			users[r] = append(users[r], h.Name)
		}
	}
	var rs Refusals
	for _, r := range requested {
		rs = append(rs, &RefusedError{
			Code: fault.UpgradeAPIs,
			Text: fmt.Sprintf("clients have asked for %s, which Kubernetes %s serves no more (API servers on %s)",
				r.Resource, r.Removed, strings.Join(users[r], ", ")),
			Advice: "have them use a later version; the audit log has who asked (annotation `k8s.io/deprecated`); " +
				"an API server forgets what was asked when it is restarted",
		})
	}
	return rs
}

// stuckPods finds pods that would not leave their node.
func (s Situation) stuckPods() Refusals {
	if len(s.Upgrade.Drains) == 0 {
		return nil
	}
	var rs Refusals
	for _, h := range s.Cluster.With(inventory.ControlPlane) {
		view, asked := s.Upgrade.Views[h.Name]
		if !asked || view.Error != "" {
			continue
		}
		for _, b := range view.Budgets {
			if HasBegun(s.Census) {
				continue // it waits for the nodes that are empty already
			}
			rs = append(rs, &RefusedError{
				Code: fault.UpgradeStuck,
				Text: fmt.Sprintf("PodDisruptionBudget %s allows no pod to go: %d pods are healthy, and %d must be",
					b.Name, b.Healthy, b.Desired),
				Advice: "add a replica or see to those that are not healthy, so that one may go; or change the budget",
			})
		}
		names := map[string][]string{}
		for _, p := range view.Unowned {
			if slices.Contains(s.Upgrade.Drains, p.Node) {
				names[p.Node] = append(names[p.Node], p.Name)
			}
		}
		for _, host := range s.Upgrade.Drains {
			if names[host] != nil {
				rs = append(rs, &RefusedError{
					Code: fault.UpgradeStuck, Host: host,
					Text: "nothing would make these pods again, so they are not evicted: " +
						strings.Join(names[host], ", "),
					Advice: "delete them, or have a Deployment or a Job make them",
				})
			}
		}
		return rs // every API server tells the same
	}
	return nil
}

// HasBegun reports whether an upgrade that was cut off has emptied a node, which the next finishes.
func HasBegun(c api.Census) bool {
	return slices.ContainsFunc(c.Nodes, func(n api.RegisteredNode) bool { return n.Mark == api.MarkUpgrade })
}

// downtime finds what has no other host meanwhile.
func (s Situation) downtime() Refusals {
	if s.Upgrade.AcceptDowntime {
		return nil
	}
	const advice = "give --accept-downtime, or add a host first"
	var rs Refusals
	if planes := s.Cluster.With(inventory.ControlPlane); len(planes) == 1 && len(s.Upgrade.Servers) > 0 {
		rs = append(rs, &RefusedError{
			Code: fault.UpgradeDowntime, Host: planes[0].Name, Advice: advice,
			Text: "this is the only control plane: the API does not answer while its API server is restarted",
		})
	}
	if workers := s.Cluster.With(inventory.Worker); len(workers) == 1 &&
		slices.Contains(s.Upgrade.Drains, workers[0].Name) {
		rs = append(rs, &RefusedError{
			Code: fault.UpgradeDowntime, Host: workers[0].Name, Advice: advice,
			Text: "this is the only worker: its pods have nowhere to go while it is upgraded",
		})
	}
	return rs
}

// unwell finds what is not well before anything is changed.
func (s Situation) unwell() Refusals {
	var rs Refusals
	refuse := func(host, advice, format string, args ...any) {
		rs = append(rs, &RefusedError{
			Code: fault.UpgradeUnwell, Host: host, Text: fmt.Sprintf(format, args...), Advice: advice,
		})
	}
	const bring = "bring it back first: `kbootstrap status` tells what is wrong"
	if s.Census.Nodes == nil {
		refuse("", bring, "the API does not tell its nodes")
	}
	for _, h := range s.Cluster.Hosts {
		i := slices.IndexFunc(s.Census.Nodes, func(n api.RegisteredNode) bool { return n.Name == h.Name })
		switch {
		case s.Census.Nodes == nil:
		case i < 0:
			refuse(h.Name, "add it before or after the upgrade: with the versions that the others have now, or "+
				"when they have the new ones", "this host of the inventory is no node of the cluster")
		case s.Census.Nodes[i].Mark == api.MarkRemoval:
			refuse(h.Name, "finish `kbootstrap remove-node`, or uncordon the node",
				"`remove-node` has begun to take this host out of the cluster")
		case !s.Census.Nodes[i].Ready && s.Census.Nodes[i].Mark != api.MarkUpgrade:
			refuse(h.Name, bring, "the node is not Ready")
		}
	}
	for _, h := range s.Cluster.With(inventory.ControlPlane) {
		if view, asked := s.Upgrade.Views[h.Name]; !asked || view.Error != "" {
			refuse(h.Name, bring, "the API server does not tell what an upgrade would meet: %s", view.Error)
		}
	}
	for _, h := range s.Cluster.With(inventory.Etcd) {
		if why := s.sickness(h); why != "" {
			refuse(h.Name, bring, "the member of etcd is not well: %s", why)
		}
	}
	for _, m := range s.Census.Members {
		if m.Learner {
			refuse("", "finish its `kbootstrap add-node` first", "etcd has a learner: %s at %s", nameOf(m),
				strings.Join(m.PeerURLs, ", "))
		}
	}
	return rs
}

// leastLife is how long the certificates of the state directory must be valid yet: an upgrade that
// is stopped and finished days later still has them.
const leastLife = 7 * 24 * time.Hour

// ending finds certificates that nothing else renews in time.
func (s Situation) ending() Refusals {
	var rs Refusals
	for _, c := range s.Upgrade.Certificates {
		if left := c.Ends.Sub(s.Upgrade.Now); left < leastLife {
			rs = append(rs, &RefusedError{
				Code: fault.UpgradeUnwell,
				Text: fmt.Sprintf("%s ends on %s", c.Path, c.Ends.UTC().Format(time.DateOnly)),
				Advice: "renew it first: `kbootstrap up` with the versions that the cluster has renews what is no " +
					"authority",
			})
		}
	}
	return rs
}
