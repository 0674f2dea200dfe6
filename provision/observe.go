package provision

import (
	"context"
	"sync"

	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// observe looks at every resource of the plan, all hosts at once.
func observe(ctx context.Context, p *plan.Plan, fleet fleet.Fleet) error {
	var (
		mu     sync.Mutex
		failed plan.Failures
		all    sync.WaitGroup
	)
	for _, h := range p.Hosts() {
		all.Go(func() {
			var wanted []resource.Resource
			for i := range p.Steps { // no copy of a step: the goroutines of other hosts write to theirs
				if s := &p.Steps[i]; s.At == h.Name {
					wanted = append(wanted, s.Wanted...)
				}
			}
			found, err := fleet[h.Name].Client.Observe(ctx, wanted)
			if err != nil {
				mu.Lock()
				failed = append(failed, plan.Failure{Host: h.Name, Component: "observe", Err: err})
				mu.Unlock()
				return
			}
			for i := range p.Steps { // each goroutine writes the steps of its own host only
				if s := &p.Steps[i]; s.At == h.Name {
					s.Found, found = found[:len(s.Wanted):len(s.Wanted)], found[len(s.Wanted):]
				}
			}
		})
	}
	all.Wait()
	if failed != nil {
		return failed.Sorted(p.Hosts())
	}
	return nil
}
