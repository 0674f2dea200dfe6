package converge

import (
	"context"
	"slices"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// A transaction is a Converge under way. When its list has a running service of ours that differs,
// it changes that service together with what it starts with as a whole: it ends with the service
// healthy again, as wanted or as before. A service that did not run has nothing to go back to, so
// such a transaction is over from the start.
//
// What to go back to is on the disk before the first change. So a run that is cut off anywhere
// leaves the next one both ways: it finishes the change, or goes back to the last state in which
// the service was healthy.
type transaction struct {
	previous
	all     []resource.Resource // what was found, as wanted; nil when it is not known
	report  func(resource.Change)
	changed bool // something was changed in this Converge

	over    bool // there is nothing, or no longer anything, to go back to
	service int  // the index of the service
	last    int  // the index of the last resource that tells its health
	touched bool // the service is being changed: from here on it has to become healthy, one way or the other
	pid     int  // of the process before
}

const (
	// unitTime bounds what goes on when no caller waits for it any more: the rest of a change, or
	// the way back.
	unitTime = 10 * time.Minute
	// crashes is after how many restarts by systemd a changed service is given up.
	crashes = 5
)

// begin finds out whether there is something to go back to. What was found may be nil.
func begin(sys *host.System, wanted, all []resource.Resource, report func(resource.Change)) (*transaction, error) {
	t := &transaction{previous: previous{sys: sys, wanted: wanted}, all: all, report: report, over: true}
	t.service = slices.IndexFunc(wanted, func(r resource.Resource) bool {
		service, ok := r.(resource.Service)
		return ok && service.Running && service.Config != ""
	})
	if t.service < 0 {
		return t, nil
	}
	service, _ := wanted[t.service].(resource.Service)
	t.unit = service.Name
	t.last = t.service
	healthy := all != nil && running(all[t.service])
	for i, r := range wanted {
		if t.health(i) {
			t.last = i
			healthy = healthy && !resource.Changed(all[i], r)
		}
	}
	if err := t.load(); err != nil {
		return nil, err
	}
	if healthy && !t.differs() {
		return t, t.forget() // what was cut off has been finished
	}
	if healthy && t.finished() {
		if err := t.forget(); err != nil {
			return nil, err
		}
		t.found = nil
	}
	if !t.open {
		if err := t.forget(); err != nil { // what was kept for it, where a run was cut off between the two
			return nil, err
		}
	}
	t.over = !t.open && (!healthy || !resource.Changed(all[t.service], wanted[t.service]))
	return t, nil
}

// finished tells, of a service that is healthy, that what was cut off came to its end without us:
// the process carries another configuration than the recorded one, and nothing that it starts with
// was changed since.
func (t *transaction) finished() bool {
	before := slices.IndexFunc(t.found, func(r resource.Resource) bool { return r.ID() == t.wanted[t.service].ID() })
	if before < 0 || t.sys.Exists(resource.Owed(t.unit)) {
		return false
	}
	was, _ := t.found[before].(resource.Service)
	now, _ := t.all[t.service].(resource.Service)
	return now.Config != "" && now.Config != was.Config
}

// health reports whether a resource of the list is the health of the service.
func (t *transaction) health(i int) bool {
	return i > t.service && t.tellsHealth(t.wanted[i])
}

func running(r resource.Resource) bool {
	service, ok := r.(resource.Service)
	return ok && service.Running
}

// differs reports whether anything that belongs to the service differs.
func (t *transaction) differs() bool {
	for i := range t.last + 1 {
		if resource.Changed(t.all[i], t.wanted[i]) {
			return true
		}
	}
	return false
}

// about is called before a resource is changed.
func (t *transaction) about(ctx context.Context, i int, found resource.Resource) error {
	if !t.over {
		if err := t.note(ctx, i, found); err != nil {
			return err
		}
	}
	t.changed = true
	return t.owe(found)
}

// note puts on the disk what to go back to. At the first change that is all that is to be changed.
func (t *transaction) note(ctx context.Context, i int, found resource.Resource) error {
	if t.all != nil && !t.has(t.wanted[t.service].ID()) {
		u, err := t.sys.Unit(ctx, t.unit)
		if err != nil {
			return err
		}
		t.pid = u.PID
		if err := t.save(t.all[:t.last+1]...); err != nil {
			return err
		}
	} else if !t.has(found.ID()) && kinds.Has(found, kinds.GoesBack) {
		if err := t.save(found); err != nil {
			return err
		}
	}
	t.touched = t.touched || i == t.service
	return nil
}

// urgent reports whether a resource has to be made whatever happens: from the moment that the
// service is touched until it is healthy, neither a connection that is lost nor a user who has
// enough ends the work. Before that, and after, both do.
func (t *transaction) urgent(i int) bool { return !t.over && t.touched && i <= t.last }

// work is the context for making a resource.
func (t *transaction) work(ctx context.Context, i int) (context.Context, context.CancelFunc) {
	switch {
	case !t.over && i == t.service, t.urgent(i):
		return context.WithTimeout(context.WithoutCancel(ctx), unitTime)
	case patient(t.wanted[i]):
		return t.sys.UntilStopped(ctx)
	}
	return ctx, func() {}
}

// patient reports whether a resource may wait for long for something from outside.
func patient(r resource.Resource) bool {
	sum, _ := resource.Contents(r)
	return sum != "" || kinds.Has(r, kinds.Waits)
}

// judged is a resource as it is wanted in this transaction: a service that was healthy is not
// waited for when it crashes again and again.
func (t *transaction) judged(i int) resource.Resource {
	if patient, ok := t.wanted[i].(resource.Patient); ok && t.urgent(i) && t.health(i) {
		return patient.Impatient(crashes)
	}
	return t.wanted[i]
}

// owe notes, before a file is changed that a service starts with or has read, that the service has
// to be started again or has to read it again.
func (t *transaction) owe(found resource.Resource) error {
	for i, w := range t.wanted {
		service, ok := w.(resource.Service)
		if !ok || t.all != nil && !running(t.all[i]) {
			continue
		}
		if err := service.Owe(t.sys, found.ID()); err != nil {
			return err
		}
	}
	return nil
}

// done is called when a resource is as wanted.
func (t *transaction) done(i int) error {
	if t.over || i < t.last {
		return nil
	}
	t.over = true
	return t.forget()
}

// undo puts back what was there, when there is something to put back, and returns what to tell.
func (t *transaction) undo(ctx context.Context, cause error) error {
	if t.over || !t.open || !t.changed {
		return cause
	}
	t.over = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unitTime)
	defer cancel()
	rolled := &RolledBackError{Service: t.unit, Cause: cause}
	t.sys.Logf("rolling back %s", t.unit)
	note := func(c resource.Change) {
		rolled.Restored = append(rolled.Restored, c.ID)
		if t.report != nil {
			t.report(c)
		}
	}
	if t.undisturbed(ctx) {
		rolled.Failed = backwards(ctx, t.sys, t.files(), note)
		if rolled.Failed == nil {
			rolled.Failed = resource.NotOwed(t.sys, t.unit)
		}
	} else {
		rolled.Failed = rollback(ctx, t.sys, t.found, note)
	}
	if rolled.Failed == nil {
		rolled.Failed = t.forget()
	}
	return rolled
}

// undisturbed reports whether the process from before runs on: it has not seen what was changed.
func (t *transaction) undisturbed(ctx context.Context) bool {
	if t.touched || t.pid == 0 {
		return false
	}
	u, err := t.sys.Unit(ctx, t.unit)
	return err == nil && u.Runs() && u.PID == t.pid
}
