package provision

import (
	"context"
	"slices"

	"kbootstrap/fault"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
)

// CheckFounding refuses a run without a control plane, and one that would have to found a cluster
// and lacks hosts for it.
func CheckFounding(_ context.Context, r *Run) error {
	if refused := guard.Founding(situation(r)); refused != nil {
		return refused
	}
	return nil
}

// Judge finds what `up` would refuse, all of it at once, and what is odd.
func Judge(_ context.Context, r *Run) error {
	refused, warnings := guard.Judge(situation(r))
	r.Refusals = append(r.Refusals, refused...)
	r.Warnings = slices.Concat(r.Warnings, warnings, r.releases.warnings)
	return nil
}

// Refuse ends a run of which something is refused; else it tells what is odd.
func Refuse(_ context.Context, r *Run) error {
	if len(r.Refusals) > 0 {
		return r.Refusals
	}
	for _, w := range r.Warnings {
		r.options.Tell(fleet.Event{Kind: fleet.EventWarning, Text: w})
	}
	return nil
}

// Approve asks whether the run may go on; the user is not asked when ask is nil.
func Approve(ask func(*Run) error) Stage {
	return func(_ context.Context, r *Run) error {
		if ask == nil {
			return nil
		}
		return ask(r)
	}
}

// situation is what is known of the cluster so far.
func situation(r *Run) guard.Situation {
	s := guard.Situation{
		Cluster: r.Cluster, Facts: factsOf(r.Fleet), Unreached: r.LeftOut(), Limit: r.Scope.Hosts,
		Only: r.Scope.Components, Evidence: r.evidence, Census: r.census, Etcd: r.vitals,
		Restarts: guard.RestartsOf(r.Plan),
		KeysLost: keysLost(r), Claims: r.claims, Dropping: r.Scope.Dropping, Adopts: r.Scope.Adopts,
		AddOns: guard.AddOnChanges(r.Plan),
	}
	if r.upgrading != nil {
		s.Upgrade = upgradeOf(r)
	}
	if r.PKI != nil {
		s.EncryptionKeys = r.PKI.EncryptionKeys()
	}
	if r.store != nil {
		s.Issued, _ = r.store.Hosts() // none are known then
	}
	return s
}

func keysLost(r *Run) bool {
	return slices.ContainsFunc(r.Refusals, func(e *guard.RefusedError) bool { return e.Code == fault.StateLost })
}
