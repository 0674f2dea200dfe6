package report

import (
	"fmt"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/provision"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// StaleError is the error of an approved plan that no longer matches what up would do.
type StaleError struct {
	File    string
	Reasons []string // which of the inventory and the lock have changed since the plan was made
	Places  []StalePlace
}

// StalePlace is a host or a resource that is not as it was when the plan was made.
type StalePlace struct {
	Host, Component, Resource string // the last two are empty if the place is the host itself
	Why                       string
	Diff                      string // between what is found now and what is wanted now
}

// Error names each place, with its diff.
func (e *StaleError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: the plan no longer matches what up would do", e.File)
	for _, r := range e.Reasons {
		fmt.Fprintf(&b, "\n%s", r)
	}
	for _, p := range e.Places {
		b.WriteString("\n" + p.Host + ": ")
		if p.Resource != "" {
			b.WriteString(p.Component + ": " + p.Resource + ": ")
		}
		b.WriteString(p.Why)
		if p.Diff != "" {
			b.WriteString("\n    " + strings.ReplaceAll(strings.TrimRight(p.Diff, "\n"), "\n", "\n    "))
		}
	}
	return b.String()
}

// Fault returns the code.
func (e *StaleError) Fault() fault.Code { return fault.PlanStale }

// Check compares the plan with what a run would do now. The error is a *StaleError. A resource that
// has meanwhile become as it is wanted is no difference: up then does less than was approved, and a
// run that was cut off can be repeated. Hosts that the run leaves out are not compared.
func (p SavedPlan) Check(run *provision.Run, file string) error {
	stale := &StaleError{File: file}
	now := map[string]PlannedHost{}
	for _, h := range NewPlan(run).Hosts {
		now[h.Name] = h
	}
	for _, then := range p.Plan.Hosts {
		h, there := now[then.Name]
		switch {
		case run.Unreached[then.Name] != nil:
		case !there:
			stale.add(then.Name, "", "", "this host is no longer in the plan", "")
		case h.MachineID != then.MachineID || h.ProductUUID != then.ProductUUID:
			const format = "this is another machine: its machine-id was %s and is now %s"
			stale.add(then.Name, "", "", fmt.Sprintf(format, then.MachineID, h.MachineID), "")
		}
	}
	stale.compare(p, run)
	if len(stale.Places) == 0 {
		return nil
	}
	if _, sum, err := fileSum(run.Cluster.File); err == nil && sum != p.InventorySHA256 {
		stale.Reasons = append(stale.Reasons, run.Cluster.File+" has changed since the plan was made")
	}
	if lock := run.Cluster.Artifacts.Lock; lock != "" {
		if _, sum, err := fileSum(lock); err == nil && sum != p.LockSHA256 {
			stale.Reasons = append(stale.Reasons, lock+" has changed since the plan was made")
		}
	}
	return stale
}

func (e *StaleError) add(host, component, id, why, diff string) {
	e.Places = append(e.Places, StalePlace{Host: host, Component: component, Resource: id, Why: why, Diff: diff})
}

// compare finds the resources that are not as in the plan.
func (e *StaleError) compare(p SavedPlan, run *provision.Run) {
	type place struct{ host, component, id string }
	then := map[place]PlannedResource{}
	for _, r := range p.Resources {
		then[place{r.Host, r.Component, r.Resource}] = r
	}
	shown := map[place]string{}
	for _, c := range p.Plan.Changes {
		shown[place{c.Host, c.Component, c.Resource}] = c.Diff
	}
	seen := map[place]bool{}
	each(run.Plan, func(s plan.Step, c plan.Change) {
		is := newPlannedResource(s, c)
		at := place{is.Host, is.Component, is.Resource}
		seen[at] = true
		was, there := then[at]
		diff := resource.Diff(c.Found, c.Wanted)
		why := ""
		switch {
		case !there:
			why = "this resource is wanted now but was not in the plan"
		case is.Wanted != was.Wanted:
			why = "the state that is wanted now is not the one in the plan"
		case is.Found == was.Found, is.Found == "":
			if is.Found != "" && diff != shown[at] {
				why = "the plan does not show this difference"
			}
		case was.Found == "":
			why = "this resource was as wanted when the plan was made, and has changed since"
		default:
			why = "this resource has changed since the plan was made"
		}
		if why != "" {
			e.add(is.Host, is.Component, is.Resource, why, diff)
		}
	})
	for _, r := range p.Resources {
		unreached := run.Unreached[r.Host] != nil || run.Unreached[strings.TrimPrefix(r.Resource, "node ")] != nil
		if !seen[place{r.Host, r.Component, r.Resource}] && !unreached {
			e.add(r.Host, r.Component, r.Resource, "this resource is no longer wanted", "")
		}
	}
}
