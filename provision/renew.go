package provision

import (
	"context"

	"kbootstrap/certs"
	"kbootstrap/provision/fleet"
)

// Renew lists what comes before the first change that `certs renew` makes. It is `up` with
// certificates that are issued again although they are fit, and authorities that are signed again;
// it needs no API. Run.Apply carries the plan out.
func Renew(renewal certs.Renewal, ignored []string) []Stage {
	renewal.Wanted = true
	return []Stage{
		LockState,
		FetchArtifacts,
		ChangeKeys(certs.Change{Renewal: renewal}),
		LoadKeys,
		ConcernAll,
		ConnectLocked,
		CheckFounding,
		NeedCluster,
		NeedStore,
		BuildPlan,
		ObserveAndSurvey,
		CheckFounding,
		KeepLead,
		RestartAtOnce,
		Judge,
		Refuse,
		CheckHosts(ignored),
		KeepKeys,
	}
}

// ChangeKeys has the stages that load keys change some that are fit.
func ChangeKeys(change certs.Change) Stage {
	return func(_ context.Context, r *Run) error {
		r.change = change
		return nil
	}
}

// NeedStore ends a run on a cluster whose keys are not here: there is nothing to renew or to
// replace, and no new cluster to begin.
func NeedStore(_ context.Context, r *Run) error {
	if r.PKI != nil {
		return nil
	}
	return noKeysHere(r)
}

// RestartAtOnce has members of etcd change all at once when none of them answers: members that have
// the certificate of an authority in memory that has ended take no others, so that one which is
// started again with a new one would wait for the others in vain.
func RestartAtOnce(_ context.Context, r *Run) error {
	for _, v := range r.vitals {
		if v.Error == "" {
			return nil
		}
	}
	r.Plan.AtOnce = true
	r.options.Tell(fleet.Event{Kind: fleet.EventWarning,
		Text: "no member of etcd answers: all are started again at once, and not one after the other"})
	return nil
}
