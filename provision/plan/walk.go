package plan

import (
	"context"
	"errors"
	"slices"
	"sync"

	"kbootstrap/resource"
)

// ErrDependency ends a step when one that it depends on has failed. It is not reported: that other
// failure is.
var ErrDependency = errors.New("an earlier component failed")

// Walk carries out every step as soon as what it comes after is done: steps of the same host that
// its component is After, steps of every host that its component Needs, and for a Rolling component
// that runs already, or that joins one that runs, the same step of the host Before, and for one
// InWaves all that is in waves of the hosts of the wave before. For what its component Yields to it
// waits too, however that ends. A step that waits on its host for a component is ended when that
// has failed everywhere, unless its service runs already: then it does not wait, and its host would
// go on alone with what it changes. It returns the root causes only; what does not depend on a
// failure is finished.
func (p Plan) Walk(ctx context.Context, do func(context.Context, Step) error) Failures {
	return p.WalkAhead(ctx, func(ctx context.Context, s Step, _ func()) error { return do(ctx, s) })
}

// WalkAhead is Walk, where do may call its last argument when all that is left of the step is to
// watch what it changed: see Step.Settled. Then the steps that may go ahead of its end are begun;
// all others wait until it is done. One that has gone ahead, and restarts nothing, is ended when
// what is watched fails.
func (p Plan) WalkAhead(ctx context.Context, do func(ctx context.Context, s Step, settled func()) error) Failures {
	outcomes := make([]outcome, len(p.Steps))
	for i := range outcomes {
		outcomes[i].settled, outcomes[i].done = make(chan struct{}), make(chan struct{})
	}
	var (
		mu     sync.Mutex
		failed Failures
		all    sync.WaitGroup
	)
	for i, step := range p.Steps {
		all.Go(func() {
			o := &outcomes[i]
			settled := sync.OnceFunc(func() { close(o.settled) })
			defer settled()
			defer close(o.done)
			var watched []int // what it goes ahead of
			for _, before := range p.Before(i) {
				ahead := p.mayGoAhead(i, before)
				if outcomes[before].await(ahead) == nil {
					if ahead {
						watched = append(watched, before)
					}
					continue
				}
				mu.Lock()
				spared := p.spares(i, before, failed)
				mu.Unlock()
				if !spared {
					o.err = ErrDependency
					return
				}
			}
			for _, other := range p.Yields(i) {
				<-outcomes[other].done
			}
			if o.err = context.Cause(ctx); o.err != nil {
				return
			}
			// The end of ctx is for the steps to come; one that is under way is ended by do.
			ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
			defer cancel(nil)
			if len(watched) > 0 && !step.Restarts() {
				for _, before := range watched {
					all.Go(func() {
						select {
						case <-outcomes[before].done:
							if outcomes[before].err != nil {
								cancel(ErrDependency)
							}
						case <-ctx.Done():
						}
					})
				}
			}
			if gates := p.gates(i); len(gates) > 0 && !step.Restarts() {
				all.Go(func() {
					for _, g := range gates {
						select {
						case <-outcomes[g].done:
							if outcomes[g].err == nil {
								return
							}
						case <-ctx.Done():
							return
						}
					}
					cancel(ErrDependency)
				})
			}
			if o.err = do(ctx, step, settled); errors.Is(context.Cause(ctx), ErrDependency) && o.err != nil {
				o.err = ErrDependency
			} else if o.err != nil {
				mu.Lock()
				failed = append(failed, Failure{Host: step.About(), Component: step.Component.Name, Err: o.err})
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return failed.Sorted(p.Hosts())
}

// An outcome is what came of a step, or has so far.
type outcome struct {
	settled, done chan struct{}
	err           error // when it is done
}

// await waits for the step: until all that is left of it is to watch what it changed, or until it
// is done.
func (o *outcome) await(settled bool) error {
	if settled {
		<-o.settled
		select {
		case <-o.done:
		default:
			return nil
		}
	}
	<-o.done
	return o.err
}

// mayGoAhead reports whether step i may be begun while what the step before it changed is watched.
// In an upgrade that are those of one node of which pods depend, since all of them have to be well.
// It is what changes no service: pods come back to a node that is watched, and those of the next
// leave. And it is the next of those that serve on for a while when they are told to stop, once the
// first has been watched to the end.
func (p Plan) mayGoAhead(i, before int) bool {
	step, other := p.Steps[i], p.Steps[before]
	isOfNode := func(s Step) bool { return s.Component.OfNode && s.Component.InWaves }
	switch {
	case step.Component.Name == other.Component.Name:
		return step.Component.TakesLeave && !p.isFirst(before)
	case isOfNode(step) && isOfNode(other):
		return step.About() == other.About()
	}
	return step.Component.GoesAhead && (isOfNode(other) || other.Component.Elects)
}

// isFirst reports whether no step of the same component is before step i.
func (p Plan) isFirst(i int) bool {
	return !slices.ContainsFunc(p.Steps[:i], func(s Step) bool {
		return s.Component.Name == p.Steps[i].Component.Name
	})
}

// Settled is what the host tells (node.EventLog) when the step has changed all that it changes, and
// watches the services that it has started; "" where it ends without that.
func (s Step) Settled() string {
	told := ""
	for _, w := range slices.Backward(s.Wanted) {
		watched, ok := w.(resource.Steady)
		if !ok {
			break
		}
		told = watched.Announcement()
	}
	return told
}

// Before returns the indices of the steps that must be done before step i.
func (p Plan) Before(i int) []int {
	step := p.Steps[i]
	var indices []int
	var joined []string
	if step.Target.Joins != nil && step.Component.NeedsJoined != nil {
		joined = step.Component.NeedsJoined(step.Target)
	}
	for j, other := range p.Steps {
		switch {
		case slices.Contains(step.Component.After, other.Component.Name) && p.sameHost(step, other),
			slices.Contains(step.Component.Needs, other.Component.Name),
			slices.Contains(joined, other.Component.Name),
			step.Component.InWaves && other.Component.InWaves && p.Waves[other.About()]+1 == p.Waves[step.About()],
			j < i && step.Component.Rolling && !p.AtOnce && step.Component.Name == other.Component.Name &&
				step.isRolled() && (!step.Component.Elects || p.isFirst(j)):
			indices = append(indices, j)
		}
	}
	return indices
}

// Yields returns the indices of the steps that must have ended before step i, done or not.
func (p Plan) Yields(i int) []int {
	var indices []int
	for j, other := range p.Steps {
		if slices.Contains(p.Steps[i].Component.Yields, other.Component.Name) {
			indices = append(indices, j)
		}
	}
	return indices
}

// sameHost reports whether a step that comes before another on the same host is about that host or,
// where no such step is, about the host that carries the other out.
func (p Plan) sameHost(step, before Step) bool {
	if before.About() == step.About() {
		return true
	}
	return before.About() == step.At && !slices.ContainsFunc(p.Steps, func(s Step) bool {
		return s.Component.Name == before.Component.Name && s.About() == step.About()
	})
}

// spares reports whether step i goes on although a step before it was not done: it was needed of
// every host, its host has failed, so few have that the run may go on without them, and nothing is
// wrong then.
func (p Plan) spares(i, before int, failed Failures) bool {
	step, other := p.Steps[i], p.Steps[before]
	strict := step.Component.Strict
	return (strict == nil || !strict(step.Target)) &&
		other.About() != step.About() && slices.Contains(step.Component.Needs, other.Component.Name) &&
		len(failed.Hosts()) <= p.Spare && slices.Contains(failed.Hosts(), other.About())
}

// gates returns the indices of the steps whose failure, if all of them fail, leaves step i to wait
// in vain.
func (p Plan) gates(i int) []int {
	awaited := p.Steps[i].Awaits()
	var indices []int
	for j, other := range p.Steps {
		if slices.Contains(awaited, other.Component.Name) {
			indices = append(indices, j)
		}
	}
	return indices
}

// Running reports whether a service of the step was found running.
func (s Step) Running() bool {
	for _, found := range s.Found {
		if service, ok := found.(resource.Service); ok && service.Running {
			return true
		}
	}
	return false
}

// isRolled reports whether the step of a rolling component waits for those of the hosts before: it
// changes what runs, or its host joins what takes one at a time.
func (s Step) isRolled() bool {
	return s.Running() || s.Component.JoinsAlone && slices.Contains(s.Target.Joins, s.About())
}

// Restarts reports whether the step changes a service that runs: its host carries that out by
// itself, or puts back what was there, and what came of it must not be lost.
func (s Step) Restarts() bool {
	return slices.ContainsFunc(s.Changes(), func(c Change) bool {
		service, ok := c.Found.(resource.Service)
		return ok && service.Running
	})
}
