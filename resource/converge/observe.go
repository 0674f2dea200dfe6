package converge

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// observers is how many resources are looked at together. Most of the time goes into waiting for
// the kernel, for systemd and for the API.
const observers = 8

// Observe looks at many resources together, in the order of the list: first at what lies on the
// host, then at what a service answers. Whether a service answers is asked only where it runs:
// elsewhere the resource is absent, and to find that out would cost a time-out each. The error
// holds every resource that could not be read.
func Observe(ctx context.Context, sys *host.System, wanted []resource.Resource) ([]resource.Resource, error) {
	s := sight{
		sys:    sys,
		wanted: wanted,
		found:  make([]resource.Resource, len(wanted)),
		failed: make([]error, len(wanted)),
	}
	var things, answers []int
	for i, w := range wanted {
		if _, ok := w.(resource.Answered); ok {
			answers = append(answers, i)
		} else {
			things = append(things, i)
		}
	}
	s.look(ctx, things)
	s.look(ctx, s.answering(answers))
	s.markOlder()
	for i, err := range s.failed {
		if err != nil {
			s.failed[i] = fmt.Errorf("%s: %w", wanted[i].ID(), err)
		}
	}
	return s.found, errors.Join(s.failed...)
}

// sight is a list of resources, and what is seen of them; the three lists are parallel.
type sight struct {
	sys    *host.System
	wanted []resource.Resource
	found  []resource.Resource
	failed []error
}

// look looks at some resources together; a batch of them counts as one.
func (s sight) look(ctx context.Context, which []int) {
	var group errgroup.Group
	group.SetLimit(observers)
	batches := map[any][]int{}
	for _, i := range which {
		if b, ok := s.wanted[i].(resource.Batch); ok {
			batches[b.BatchKey()] = append(batches[b.BatchKey()], i)
		}
	}
	for _, batch := range batches {
		group.Go(func() error { s.lookAtBatch(ctx, batch); return nil })
	}
	for _, i := range which {
		if _, ok := s.wanted[i].(resource.Batch); ok {
			continue
		}
		group.Go(func() error {
			s.found[i], s.failed[i] = s.wanted[i].Observe(ctx, s.sys)
			return nil
		})
	}
	_ = group.Wait() // the errors are in failed
}

func (s sight) lookAtBatch(ctx context.Context, which []int) {
	all := make([]resource.Resource, len(which))
	for n, i := range which {
		all[n] = s.wanted[i]
	}
	first, _ := all[0].(resource.Batch) // as all of them are
	found, err := first.ObserveAll(ctx, s.sys, all)
	for n, i := range which {
		if s.failed[i] = err; err == nil {
			s.found[i] = found[n]
		}
	}
}

// answering returns those for which a service can answer. The others are absent.
func (s sight) answering(which []int) []int {
	down := s.down()
	var asked []int
	for _, i := range which {
		a, _ := s.wanted[i].(resource.Answered) // as all of them are
		unit, all := a.Answers()
		if down[unit] || all && len(down) > 0 {
			s.found[i] = a.Absence()
		} else {
			asked = append(asked, i)
		}
	}
	return asked
}

// down are the units that should run and do not.
func (s sight) down() map[string]bool {
	down := map[string]bool{}
	for i, w := range s.wanted {
		wanted, ok := w.(resource.Runner)
		found, seen := s.found[i].(resource.Runner)
		if !ok || !seen {
			continue
		}
		unit, should := wanted.Runs()
		if _, does := found.Runs(); should && !does {
			down[unit] = true
		}
	}
	return down
}

// markOlder marks the running services that start with something that differs.
func (s sight) markOlder() {
	differ := map[string]bool{}
	for i, w := range s.wanted {
		if s.found[i] != nil && resource.Changed(s.found[i], w) {
			differ[w.ID()] = true
		}
	}
	for i, w := range s.wanted {
		if runner, ok := w.(resource.Runner); ok && s.found[i] != nil {
			s.found[i] = runner.Aged(s.found[i], func(id string) bool { return differ[id] })
		}
	}
}
