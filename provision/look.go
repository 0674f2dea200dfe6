package provision

import (
	"context"
	"slices"
	"sync"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// Observe looks at the plan's resources on the hosts, and at what tells of the cluster that is
// there, at the same time.
func Observe(ctx context.Context, r *Run) error {
	return lookAround(ctx, r, func() error { return nil })
}

// ObserveAndSurvey is Observe, and looks at what the checks of the hosts want to see meanwhile.
func ObserveAndSurvey(ctx context.Context, r *Run) error {
	return lookAround(ctx, r, func() (err error) {
		r.surveys, err = surveyHosts(ctx, r)
		return err
	})
}

func lookAround(ctx context.Context, r *Run, survey func() error) error {
	var (
		errSurvey error
		all       sync.WaitGroup
	)
	whole := r.whole
	whole.Steps = slices.Clone(whole.Steps) // the plan's own are written to meanwhile
	live := situation(r).IsLive()
	all.Go(func() { r.evidence = hearWitnesses(ctx, r, whole) })
	all.Go(func() {
		if live {
			r.census = takeCensus(ctx, r)
		}
	})
	all.Go(func() { errSurvey = survey() })
	err := observe(ctx, &r.Plan, r.Fleet)
	all.Wait()
	if err := r.leaveOut(err); err != nil {
		return err
	}
	if err := r.leaveOut(errSurvey); err != nil {
		return err
	}
	r.Plan.Spare = max(0, r.Scope.Tolerance.Of(len(r.hosts))-len(r.Unreached))
	return nil
}

// hearWitnesses looks at the witnesses on every host of the plan. Who does not answer has said
// nothing: the plan's own observation tells why.
func hearWitnesses(ctx context.Context, r *Run, whole plan.Plan) map[string]guard.Evidence {
	var (
		mu       sync.Mutex
		all      sync.WaitGroup
		evidence = map[string]guard.Evidence{}
	)
	for _, h := range whole.Hosts() {
		all.Go(func() {
			wanted := guard.Witnesses(whole, h)
			found, err := r.Fleet[h.Name].Client.Observe(ctx, wanted)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			evidence[h.Name] = guard.EvidenceOf(wanted, found)
		})
	}
	all.Wait()
	return evidence
}

// takeCensus asks the control plane that leads for the nodes, and the first etcd host that answers
// for the members.
func takeCensus(ctx context.Context, r *Run) resource.Census {
	var (
		nodes, members resource.Census
		both           sync.WaitGroup
	)
	both.Go(func() {
		if m := r.Fleet[r.lead]; m != nil {
			nodes, _ = m.Client.Census(ctx, resource.CensusSource{Kubeconfig: component.SuperAdmin})
		}
	})
	for _, h := range r.Cluster.With(inventory.Etcd) {
		m := r.Fleet[h.Name]
		if m == nil || m.Facts.EtcdBootstrapped == "" {
			continue
		}
		members, _ = m.Client.Census(ctx, resource.CensusSource{Members: resource.Ready{
			URL:    "https://" + h.Address.String() + ":2380/members",
			CACert: component.EtcdPKI + "/ca.crt",
			Cert:   component.EtcdPKI + "/peer.crt", Key: component.EtcdPKI + "/peer.key",
		}})
		if members.Members != nil {
			break
		}
	}
	both.Wait()
	return resource.Census{Nodes: nodes.Nodes, Members: members.Members}
}
