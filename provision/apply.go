package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/diagnosis"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
)

// Summary is what a run did.
type Summary struct {
	Changed map[string]int   // resources changed, by host
	Bytes   map[string]int64 // of contents, compressed, that a host got
	Passed  map[string]int64 // those of them that other hosts sent
	Took    time.Duration
	Outcome plan.Outcome
}

// Total is the number of resources changed on all hosts.
func (s Summary) Total() int {
	n := 0
	for _, c := range s.Changed {
		n += c
	}
	return n
}

// Apply carries out the plan. When nothing differs it does nothing. Otherwise it goes through every
// step, those without a difference too: they are looked at again, since what they say, the health
// of a service for instance, may depend on what changes. The error is a Failures with the root
// causes; hosts without one are finished.
//
// When ctx ends, no step is begun any more, and those under way end as soon as that leaves things
// whole: see node.Client.Stop. The error has the cause of that end, and the failures that came
// before or after it.
func (r *Run) Apply(ctx context.Context) (Summary, error) {
	start := time.Now()
	summary := Summary{Changed: map[string]int{}, Bytes: map[string]int64{}, Passed: map[string]int64{}}
	unreached := r.LeftOut()
	tally := plan.NewTally(r.Plan)
	if r.Plan.Changes() == 0 {
		summary.Took = time.Since(start)
		tally.CountAll()
		summary.Outcome = tally.Outcome(r.Cluster.Hosts, unreached)
		r.tellUnstarted()
		return summary, unreached.ErrOrNil()
	}
	defer r.stopOn(ctx)()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	for _, h := range r.Plan.Hosts() {
		if n := r.Plan.ComponentsOf(h.Name); n > 0 {
			r.options.Tell(fleet.Event{Kind: fleet.EventPlanned, Host: h.Name, Count: n})
		}
	}
	apiServers := fleet.NewCountdown(firstAPIServers(r.Plan))
	feed := fleet.NewFeed(r.Fleet, r.options.Tell, rounds(r.Plan, apiServers)...)
	r.letPassOn(feed)
	var feeding sync.WaitGroup
	feeding.Go(func() { feed.Run(ctx) })
	feeding.Go(func() { r.makeDeltas(ctx) })

	var mu sync.Mutex
	counted := func(s plan.Step, do func(events func(node.Event)) error) error {
		changed := 0
		err := do(r.told(s, feed, &changed))
		mu.Lock()
		defer mu.Unlock()
		summary.Changed[s.About()] += max(changed, 0)
		return err
	}
	awaited := newOrder(r.Plan)
	var drained []string // whose pods were to leave
	do := func(ctx context.Context, s plan.Step, settled func()) error {
		host := s.About()
		r.options.Tell(fleet.Event{
			Kind: fleet.EventStart, Host: host, Component: s.Component.Name, After: awaited.last(s),
		})
		if s.Component.Name == component.Drained {
			mu.Lock()
			drained = append(drained, host)
			mu.Unlock()
		}
		begin := time.Now()
		told := s.Settled()
		err := counted(s, func(events func(node.Event)) error {
			return r.Fleet[s.At].Converge(ctx, s, func(e node.Event) {
				events(e)
				if e.Kind == node.EventLog && told != "" && e.Line == told {
					awaited.ended(s)
					settled()
				}
			})
		})
		err = diagnosis.Explain(ctx, r.Fleet[s.At].Client, r.witness, err)
		awaited.ended(s)
		kind, text := fleet.EventDone, ""
		if err != nil {
			kind, text = fleet.EventFailed, err.Error()
		}
		if err != nil && (wasStopped(err) || errors.Is(context.Cause(ctx), plan.ErrDependency)) {
			kind = fleet.EventStopped
		}
		r.options.Tell(fleet.Event{
			Kind: kind, Host: host, Component: s.Component.Name, Text: text, Err: err, Took: time.Since(begin),
		})
		return err
	}
	failed := r.Plan.WalkAhead(ctx, tally.Counting(func(ctx context.Context, s plan.Step, settled func()) error {
		if s.Component.Name == component.APIServer {
			defer apiServers.Done()
		}
		return do(ctx, s, settled)
	}))
	again := func(ctx context.Context, s plan.Step) error { return do(ctx, s, func() {}) }
	if r.upgrading != nil && ctx.Err() == nil && failed != nil {
		r.giveBack(ctx, drained, again)
	}
	if r.settles && ctx.Err() == nil && failed == nil {
		failed = r.settle(ctx, again)
	}
	if ctx.Err() == nil {
		failed = append(failed, r.flush(ctx, failed.Hosts(), counted)...)
	}
	interrupted := context.Cause(ctx)
	cancel()
	feeding.Wait()
	for _, h := range r.Plan.Hosts() {
		summary.Bytes[h.Name], summary.Passed[h.Name] = feed.Bytes(h.Name), feed.Passed(h.Name)
	}
	summary.Took = time.Since(start)
	failed = append(unreached, slices.DeleteFunc(failed, func(f plan.Failure) bool { return wasStopped(f) })...)
	summary.Outcome = tally.Outcome(r.Cluster.Hosts, failed)
	switch {
	case interrupted != nil && (failed == nil || !errors.Is(interrupted, context.DeadlineExceeded)):
		return summary, fmt.Errorf("stopped: %w", errors.Join(interrupted, failed.ErrOrNil()))
	case failed != nil:
		return summary, failed
	}
	return summary, nil
}

// settle looks at the whole plan once more when every step is done, and does again what differs by
// then: a service that was healthy when its step ended may have ended since, and what came later
// may have undone what was before it. So a run that ends well is one after which there is nothing
// to do.
func (r *Run) settle(ctx context.Context, do func(context.Context, plan.Step) error) plan.Failures {
	settled := plan.Plan{Steps: slices.DeleteFunc(slices.Clone(r.Plan.Steps), func(s plan.Step) bool {
		return s.Component.Passing
	}), Spare: r.Plan.Spare, Waves: r.Plan.Waves}
	queries := map[string]node.Query{}
	askStarts(settled, queries)
	answers, err := r.Fleet.Observe(ctx, r.Cluster.Hosts, &settled, queries)
	if err != nil {
		var failed plan.Failures
		if !errors.As(err, &failed) {
			failed = plan.Failures{{Component: "observe", Err: err}}
		}
		return failed
	}
	r.starts = startsIn(answers)
	r.tellUnstarted()
	settled.Steps = slices.DeleteFunc(settled.Steps, func(s plan.Step) bool { return len(s.Changes()) == 0 })
	return settled.Walk(ctx, do)
}

// witness is a host of the run that can be asked why a unit failed there, or nil.
func (r *Run) witness(name string) diagnosis.Host {
	if m := r.Fleet[name]; m != nil {
		return m.Client
	}
	return nil
}

// stopOn has the hosts stop what is under way when ctx ends. The returned function is called when
// nothing is.
func (r *Run) stopOn(ctx context.Context) (done func()) {
	ended := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
		defer cancel()
		_ = r.Fleet.Each(ctx, r.Cluster.Hosts, "stop", func(ctx context.Context, m *fleet.Machine) error {
			return m.Client.Stop(ctx) // without a connection its steps end, too
		})
	})
	return func() {
		if !release() {
			<-ended
		}
	}
}

// stopPatience is how long a host may take to hear that it is to stop. A connection that is dead is
// found out by then.
const stopPatience = time.Minute

// wasStopped reports whether a step ended only since it was asked to.
func wasStopped(err error) bool {
	var e *node.StoppedError
	return errors.As(err, &e)
}

// told reports what happens in a step, has the contents sent that it asks for, and counts the
// changes: one that is put back takes one away.
func (r *Run) told(s plan.Step, feed *fleet.Feed, changed *int) func(node.Event) {
	event := fleet.Event{Host: s.About(), Component: s.Component.Name}
	return func(e node.Event) {
		event := event
		switch e.Kind {
		case node.EventChange:
			*changed++
			event.Kind = fleet.EventChange
		case node.EventRollback:
			*changed--
			event.Kind = fleet.EventRollback
		case node.EventNeed:
			feed.Need(s.At, e.Sum, s.Target.Release)
			return
		case node.EventLog:
			event.Kind, event.Text = fleet.EventLog, e.Line
			r.options.Tell(event)
			return
		default:
			return
		}
		event.ID, event.Diff, event.Took = e.ID, e.Diff, time.Duration(e.Millis)*time.Millisecond
		r.options.Tell(event)
	}
}

// flush waits until every host has on its disk what this run wrote: done means that it outlives a
// power cut. The hosts that have failed are not done.
func (r *Run) flush(
	ctx context.Context, sick []string, counted func(plan.Step, func(func(node.Event)) error) error,
) plan.Failures {
	well := slices.DeleteFunc(r.Plan.Hosts(), func(h inventory.Host) bool { return slices.Contains(sick, h.Name) })
	return r.Fleet.Each(ctx, well, "flush", func(ctx context.Context, m *fleet.Machine) error {
		return m.Flush(ctx, counted)
	})
}
