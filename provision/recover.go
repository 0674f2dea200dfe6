package provision

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// Recover lists what comes before the first change that `recover` makes: its plan makes a cluster
// of etcd out of one member that has survived, and has the others put their data aside. What all of
// them are to be again is made by Up then. confirm is asked when it is known what will be lost.
func Recover(confirm func(*Run) error) []Stage {
	return []Stage{
		TolerateAll,
		LockState,
		LoadKeys,
		ConnectLocked,
		NeedRemains,
		FindSurvivors,
		JudgeRecovery,
		Refuse,
		BuildRecovery,
		ObservePlan,
		Approve(confirm),
	}
}

// FindSurvivors asks every host with a member of etcd what it has of the data, and how the member
// is.
func FindSurvivors(ctx context.Context, r *Run) error {
	queries := map[string]node.Query{}
	for _, h := range r.Cluster.With(inventory.Etcd) {
		m := r.Fleet[h.Name]
		if m == nil {
			continue
		}
		q := node.Query{
			Survey:    &host.SurveyQuery{DataDir: component.EtcdData, LogEnd: true},
			Witnesses: []resource.Resource{component.Salvage(r.Cluster, h, "")},
		}
		if m.Facts.EtcdBootstrapped != "" {
			q.Census = []api.CensusSource{{Etcd: vitalsOf(r.Cluster, h, m.Facts).Etcd}}
		}
		queries[h.Name] = q
	}
	answers, failed := r.Fleet.Look(ctx, r.Cluster.Hosts, queries)
	if err := r.leaveOut(failed.Sorted(r.Cluster.Hosts).ErrOrNil()); err != nil {
		return err
	}
	r.vitals, r.survivors = vitalsIn(answers), map[string]guard.Survivor{}
	for name, a := range answers {
		if _, asked := queries[name]; !asked || a.SurveyErr != nil || a.WitnessesErr != nil {
			continue
		}
		facts, salvaged := r.Fleet[name].Facts, a.Witnesses[0].State() != ""
		if facts.EtcdBootstrapped == component.EtcdToken(r.Cluster) && (facts.EtcdData || salvaged) {
			r.survivors[name] = guard.Survivor{Last: a.Survey.Etcd.Last, Salvaged: salvaged}
		}
	}
	return nil
}

// JudgeRecovery finds why the cluster should not be made out of one member.
func JudgeRecovery(_ context.Context, r *Run) error {
	r.Refusals = append(r.Refusals, guard.Recovery(situation(r), r.survivors)...)
	return nil
}

// BuildRecovery plans the recovery from the best survivor: see component.Recovery.
func BuildRecovery(_ context.Context, r *Run) error {
	var targets []component.Target
	for _, h := range r.Cluster.Hosts {
		if m := r.Fleet[h.Name]; m != nil && r.Unreached[h.Name] == nil {
			targets = append(targets, component.Target{Cluster: r.Cluster, Host: h, Facts: m.Facts})
		}
	}
	book := component.Recovery(guard.BestSurvivor(r.Cluster, r.survivors), time.Now().UTC().Format("20060102T150405Z"))
	r.Plan = plan.Build(book, targets)
	return nil
}

// RecoveryFigures says in words what has survived, and what is made of it.
func (r *Run) RecoveryFigures() string {
	var b strings.Builder
	best := guard.BestSurvivor(r.Cluster, r.survivors)
	for _, h := range r.Cluster.With(inventory.Etcd) {
		switch s, ok := r.survivors[h.Name]; {
		case h.Name == best:
			fmt.Fprintf(&b, "%s has entries up to %d, of term %d: etcd becomes a cluster of this member\n", h.Name,
				s.Last.Index, s.Last.Term)
		case ok:
			fmt.Fprintf(&b, "%s has entries up to %d, of term %d: they are put aside, and its member joins again\n",
				h.Name, s.Last.Index, s.Last.Term)
		case r.Unreached[h.Name] != nil:
			fmt.Fprintf(&b, "%s cannot be reached: see to it that it stays off, its member is of no cluster any more\n",
				h.Name)
		default:
			fmt.Fprintf(&b, "%s has no data: its member joins as a new one\n", h.Name)
		}
	}
	return b.String() + "what only the other members had is lost; no data is deleted\n"
}
