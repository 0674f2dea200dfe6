package provision

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
)

// leaveOut takes the hosts that failed out of the run, if it may go on without them; else it returns the failures.
func (r *Run) leaveOut(hosts []inventory.Host, err error) error {
	if err == nil {
		return nil
	}
	var failures plan.Failures
	if !sickness(err, &failures) {
		return err
	}
	for _, f := range failures {
		if r.Unreached[f.Host] == nil {
			r.Unreached[f.Host] = f
		}
	}
	sick := len(r.Unreached)
	if sick == len(hosts) || !r.Scope.Sick && sick > r.Scope.Spare.Of(len(hosts)) {
		return r.LeftOut()
	}
	r.Plan = r.Plan.Without(r.LeftOut().Hosts()...)
	return nil
}

// LeftOut are the hosts that could not be asked and are not in the plan, in the order of the inventory.
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

// founded finds out what the facts of the hosts tell about a cluster that is there, and chooses the control plane that
// leads. Without a cluster nobody may be missing who founds it.
func (r *Run) founded() error {
	planes := r.Cluster.With(inventory.ControlPlane)
	r.lead = ""
	for _, h := range planes {
		if m := r.Fleet[h.Name]; m != nil && r.Unreached[h.Name] == nil {
			r.lead = h.Name
			break
		}
	}
	if r.Scope.Sick {
		return nil // who only looks goes on with whatever answers
	}
	if r.lead == "" {
		return guard.Refusals{{
			Code: fault.NoControlPlane, Text: "no control plane can be reached, and the run needs the API", Cause: r.LeftOut(),
			Advice: "mend the connection to a control plane; --max-failures is for hosts that the others can do without",
		}}
	}
	if r.live() {
		return nil
	}
	var missing []string
	for _, h := range r.Cluster.Hosts {
		if (h.Has(inventory.Etcd) || h.Name == planes[0].Name) && (r.Fleet[h.Name] == nil || r.Unreached[h.Name] != nil) {
			missing = append(missing, h.Name)
		}
	}
	if missing == nil {
		return nil
	}
	refused := &guard.RefusedError{
		Code: fault.NotFounded,
		Text: fmt.Sprintf("there is no cluster yet, and to found one this run lacks %s", strings.Join(missing, ", ")),
		Advice: "every etcd host and the first control plane take part in founding a cluster: run `kbootstrap up` without --limit, " +
			"with these hosts reachable",
	}
	if slices.ContainsFunc(missing, func(name string) bool { return r.Unreached[name] != nil }) {
		refused.Cause = r.LeftOut()
	}
	return guard.Refusals{refused}
}

// stillFounded looks again when hosts were lost since founded did. A plan whose lead is lost lacks what is done once per
// cluster: the next run has another lead.
func (r *Run) stillFounded() error {
	lead := r.lead
	if err := r.founded(); err != nil {
		return err
	}
	if r.lead != lead && r.Scope.Change {
		return r.LeftOut()
	}
	return nil
}

// live reports whether a host that was asked tells of a cluster: an etcd member that has had a quorum or, where not every
// etcd host was asked, an API server.
func (r *Run) live() bool {
	asked := true
	for _, h := range r.Cluster.With(inventory.Etcd) {
		asked = asked && r.Fleet[h.Name] != nil
	}
	for name, m := range r.Fleet {
		h, _ := r.Cluster.Host(name)
		served := h.Has(inventory.ControlPlane) && slices.Contains(m.Facts.Units, "kube-apiserver.service")
		if m.Facts.EtcdBootstrapped != "" || served && !asked {
			return true
		}
	}
	return false
}
