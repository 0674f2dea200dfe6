package provision

import (
	"context"
	"net/netip"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// Observe looks at the plan's resources on the hosts, at what tells of the cluster that is there,
// and at what services read besides the plan: one request to each host.
func Observe(ctx context.Context, r *Run) error {
	_, err := lookAtForeign(ctx, r, map[string]node.Query{})
	return err
}

// lookAtForeign is lookAround, and finds what others have set that the tool's services obey.
func lookAtForeign(ctx context.Context, r *Run, queries map[string]node.Query) (map[string]node.Answer, error) {
	askSurroundings(r, queries)
	answers, err := lookAround(ctx, r, queries)
	r.surveys, _ = surveysOf(r, answers) // what could not be looked at besides the plan is missing
	if err := spared(r, err); err != nil {
		return answers, err
	}
	findForeign(r)
	return answers, nil
}

// ObserveAndSurvey is Observe, and looks at what the checks of the hosts want to see in the same
// request.
func ObserveAndSurvey(ctx context.Context, r *Run) error {
	queries := map[string]node.Query{}
	askSurveys(r, queries)
	askStarts(r.Plan, queries)
	answers, err := lookAround(ctx, r, queries)
	if err := r.leaveOut(err); err != nil {
		return err
	}
	r.starts = startsIn(answers)
	r.surveys, err = surveysOf(r, answers)
	return spared(r, err)
}

// spared leaves out the hosts that failed, and notes how many more may.
func spared(r *Run, err error) error {
	if err := r.leaveOut(err); err != nil {
		return err
	}
	r.Plan.Spare = max(0, r.Scope.Tolerance.Of(len(r.hosts))-len(r.Unreached))
	return nil
}

// lookAround asks for the plan, for the witnesses and, of a cluster that is there, for the census,
// and for what the queries ask already.
func lookAround(ctx context.Context, r *Run, queries map[string]node.Query) (map[string]node.Answer, error) {
	for _, h := range r.whole.Hosts() {
		q := queries[h.Name]
		q.Witnesses = guard.Witnesses(r.whole, h)
		queries[h.Name] = q
	}
	if situation(r).IsLive() {
		askCensus(r, queries)
	}
	answers, err := r.Fleet.Observe(ctx, r.Cluster.Hosts, &r.Plan, queries)
	// A host that does not answer has said nothing; the plan's own observation tells why.
	r.evidence = map[string]guard.Evidence{}
	for name, a := range answers {
		if a.WitnessesErr == nil {
			r.evidence[name] = guard.EvidenceOf(queries[name].Witnesses, a.Witnesses)
		}
	}
	r.take(answers)
	return answers, err
}

// askCensus asks the control plane that leads for the nodes, and every etcd host that has had a
// quorum for the members.
func askCensus(r *Run, queries map[string]node.Query) {
	ask := func(host string, from api.CensusSource) {
		q := queries[host]
		q.Census = append(q.Census, from)
		queries[host] = q
	}
	if r.Fleet[r.lead] != nil {
		ask(r.lead, api.CensusSource{Kubeconfig: component.Admin})
	}
	if r.upgrading != nil {
		for _, h := range r.Cluster.With(inventory.ControlPlane) {
			if r.Fleet[h.Name] != nil {
				ask(h.Name, api.CensusSource{Kubeconfig: component.Admin, Upgrade: true})
			}
		}
	}
	for _, h := range r.Cluster.With(inventory.Etcd) {
		m := r.Fleet[h.Name]
		if m == nil || m.Facts.EtcdBootstrapped == "" {
			continue
		}
		ask(h.Name, api.CensusSource{Etcd: vitalsOf(r.Cluster, h, m.Facts).Etcd})
		for _, address := range addressesOf(m) {
			ask(h.Name, api.CensusSource{Members: resource.Ready{
				URL:    "https://" + address.String() + ":2380/members",
				CACert: component.EtcdPKI + "/ca.crt",
				Cert:   component.EtcdPKI + "/peer.crt", Key: component.EtcdPKI + "/peer.key",
			}})
		}
	}
}

// addressesOf are the addresses at which a member of etcd may listen on its host: that of the
// inventory, or another one that the member was started with before the inventory was changed.
func addressesOf(m *fleet.Machine) []netip.Addr {
	addresses := []netip.Addr{m.Host.Address}
	for _, i := range m.Facts.Interfaces {
		for _, p := range i.Addresses {
			if a := p.Addr(); a.Is4() && !a.IsLoopback() && !component.IsOwnInterface(i.Name) && a != m.Host.Address {
				addresses = append(addresses, a)
			}
		}
	}
	return addresses
}

// vitalsIn are what members of etcd tell of themselves, by their hosts.
func vitalsIn(answers map[string]node.Answer) map[string]api.EtcdVitals {
	vitals := map[string]api.EtcdVitals{}
	for name, a := range answers {
		for _, told := range a.Census {
			if told.Etcd != nil {
				vitals[name] = *told.Etcd
			}
		}
	}
	return vitals
}

// censusOf is what the hosts tell: of nodes and of members each the first that knows any.
func censusOf(hosts []inventory.Host, answers map[string]node.Answer) api.Census {
	var census api.Census
	for _, h := range hosts {
		for _, told := range answers[h.Name].Census {
			if census.Nodes == nil {
				census.Nodes = told.Nodes
			}
			if census.Members == nil {
				census.Members = told.Members
			}
		}
	}
	return census
}
