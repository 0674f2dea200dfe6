// Package provision carries out what the verbs of the command line ask for: a verb is a list of
// stages, which a Run goes through, and after them what the verb does with the Run. Start at
// verbs.go, the lists; each stage is in the file of its subject.
package provision

import (
	"context"
	"errors"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/audit"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/resource/api"
)

// Run is what the stages of a verb have found out so far: a cluster's plan, and the live sessions
// to its hosts.
type Run struct {
	Cluster *inventory.Cluster
	Scope   Scope
	Plan    plan.Plan
	Fleet   fleet.Fleet
	PKI     *certs.PKI
	// Unreached are the hosts that could not be asked, with the reason. They are not in the plan.
	Unreached map[string]error
	// Refusals are what keeps the plan from being carried out; see Refuse.
	Refusals guard.Refusals
	// Warnings are what is odd and keeps nothing from being carried out.
	Warnings []string
	// Foreign are what changes what services do and is not the tool's, in a verb that changes
	// nothing. `up` ends with those that fail.
	Foreign []preflight.Finding
	// Findings are what the checks of the hosts found, in a verb that has them.
	Findings []preflight.Finding

	// Leaving are the hosts that the run removes from the cluster.
	Leaving Leave
	// Proof is, in a reset, what shows the hosts to be of this cluster.
	Proof string

	// Issued are the names of the certificates that the run issued or signed again, each once.
	Issued []string
	// Rotating is the stage of a replacement of a key that the run carries out.
	Rotating Rotating

	change    certs.Change // what the run changes of keys that are fit
	upgrading *Upgrading   // nil in a run that does not upgrade

	options  fleet.Options
	dial     dialer
	lock     *fleet.StateLock
	store    *certs.Store
	releases releases
	hosts    []inventory.Host // that the run is about
	lead     string           // the control plane that carries out what is done once per cluster
	whole    plan.Plan        // without the limits of the scope
	namesAll []string         // the components that are changed on all hosts, whatever the scope
	settles  bool             // the plan is what should stand from now on, see settle
	evidence map[string]guard.Evidence
	census   api.Census
	vitals   map[string]api.EtcdVitals
	views    map[string]api.UpgradeView // by control plane
	surveys  map[string]survey
	left     map[string][]string // in a reset: the components that each host has or had
	claims   map[string]guard.Claim
	checkups map[string]node.Checkup
	starts   map[string][]host.Starts // as hosts told of them last, in a run that changes them
	audited  audit.Scene
	// survivors are, in a recovery, the members of etcd that have their data, by host.
	survivors map[string]guard.Survivor
	restore   component.Restore
	keyrings  map[string]host.Keyring
}

// Scope says what a run is about.
type Scope struct {
	// Hosts limits the plan to these; empty means all of the inventory.
	Hosts []string
	// Components limits the plan to these, by name; empty means all.
	Components []string
	// Tolerance is how many hosts the run may go on without.
	Tolerance Tolerance
	// Dropping are the add-ons, by their fields in the inventory, that may be turned off although
	// users have data in them.
	Dropping []string
	// Adopts says that the user's own objects may be taken over from others.
	Adopts bool
}

// Tolerance is how many hosts may fail: a number, or a part of all. The zero value is none.
type Tolerance struct {
	Hosts   int
	Percent int
}

// Of is how many of so many hosts may fail; a part is rounded down.
func (t Tolerance) Of(hosts int) int { return max(t.Hosts, hosts*t.Percent/100) }

// Stage is one part of a run. It finds what the stages before it have found in the Run, and adds to
// it. Its error ends the run.
type Stage func(ctx context.Context, r *Run) error

// Prepare goes through the stages of a verb, which is all that comes before the first change. The
// caller closes the Run. An error from the hosts is a plan.Failures; what would harm a cluster that
// is there is a guard.Refusals; a check of the hosts that failed is a *preflight.Error.
func Prepare(ctx context.Context, c *inventory.Cluster, scope Scope, o fleet.Options, stages ...Stage) (*Run, error) {
	r := &Run{Cluster: c, Scope: scope, Unreached: map[string]error{}, options: o, dial: fleet.Connect}
	if err := goThrough(ctx, r, stages); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func goThrough(ctx context.Context, r *Run, stages []Stage) error {
	for _, stage := range stages {
		if err := stage(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the sessions and frees the locks.
func (r *Run) Close() {
	r.Fleet.Close()
	if r.lock != nil {
		r.lock.Release()
	}
}

// LeftOut are the hosts that could not be asked and are not in the plan, in the order of the
// inventory.
func (r *Run) LeftOut() plan.Failures {
	var failures plan.Failures
	for _, h := range r.Cluster.Hosts {
		var f plan.Failure
		if errors.As(r.Unreached[h.Name], &f) {
			failures = append(failures, f)
		} else if err := r.Unreached[h.Name]; err != nil {
			failures = append(failures, plan.Failure{Host: h.Name, Component: "connect", Err: err})
		}
	}
	return failures
}
