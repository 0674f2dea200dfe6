package provision

import (
	"context"
	"slices"
	"sync"

	"kbootstrap/node"
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
			found, err := look(ctx, fleet[h.Name].Client, wanted)
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

// look observes the resources of one host. Whether a service answers is asked only where it runs: elsewhere it does not,
// and to find that out costs a time-out each. What goes through several services is asked where all run.
func look(ctx context.Context, client *node.Client, wanted []resource.Resource) ([]resource.Resource, error) {
	var things, answers []resource.Resource
	for _, w := range wanted {
		if answer(w) {
			answers = append(answers, w)
		} else {
			things = append(things, w)
		}
	}
	foundThings, err := client.Observe(ctx, things)
	if err != nil {
		return nil, err
	}
	down := notRunning(things, foundThings)
	asked := slices.DeleteFunc(slices.Clone(answers), func(a resource.Resource) bool { return silent(a, down) })
	foundAnswers, err := client.Observe(ctx, asked)
	if err != nil {
		return nil, err
	}
	found := make([]resource.Resource, 0, len(wanted))
	for _, w := range wanted {
		from := &foundThings
		if answer(w) {
			from = &foundAnswers
		}
		if gone, ok := resource.Gone(w); ok && answer(w) && silent(w, down) {
			found = append(found, gone)
			continue
		}
		found, *from = append(found, (*from)[0]), (*from)[1:]
	}
	return found, nil
}

// answer reports whether a resource is something that a service answers, and not something that lies on the host.
func answer(r resource.Resource) bool {
	switch r.(type) {
	case resource.Ready, resource.NodeStatus, resource.Node, resource.Object, resource.Image:
		return true
	}
	return false
}

// silent reports whether nobody answers for a resource when these services are down.
func silent(r resource.Resource, down map[string]bool) bool {
	switch r := r.(type) {
	case resource.Ready:
		if r.Unit != "" {
			return down[r.Unit]
		}
	case resource.Image:
		return down["containerd.service"]
	case resource.Object, resource.Node:
		return down["kube-apiserver.service"] // they are asked for on control planes only
	}
	return len(down) > 0
}

// notRunning are the services that should run and do not.
func notRunning(wanted, found []resource.Resource) map[string]bool {
	down := map[string]bool{}
	for i, w := range wanted {
		service, ok := w.(resource.Service)
		if running, is := found[i].(resource.Service); ok && is && service.Running && !running.Running {
			down[service.Name] = true
		}
	}
	return down
}
