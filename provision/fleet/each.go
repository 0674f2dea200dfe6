package fleet

import (
	"context"
	"errors"
	"sync"

	"kbootstrap/inventory"
	"kbootstrap/provision/plan"
)

// Each does something with each of these hosts that has a session, with all at once. It returns the
// failures in the order of the hosts: an error that is no plan.Failure yet is one of the stage.
func (f Fleet) Each(
	ctx context.Context, hosts []inventory.Host, stage string, do func(context.Context, *Machine) error,
) plan.Failures {
	var (
		mu     sync.Mutex
		failed plan.Failures
		all    sync.WaitGroup
	)
	for _, h := range hosts {
		m := f[h.Name]
		if m == nil {
			continue
		}
		all.Go(func() {
			err := do(ctx, m)
			if err == nil {
				return
			}
			var failure plan.Failure
			if !errors.As(err, &failure) {
				failure = plan.Failure{Host: h.Name, Component: stage, Err: err}
			}
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, failure)
		})
	}
	all.Wait()
	return failed.Sorted(hosts)
}
