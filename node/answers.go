package node

import (
	"context"
	"slices"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
)

// observeAll observes resources. Whether a service answers is asked only where it runs: elsewhere it does not, and to find
// that out costs a time-out each. What goes through several services is asked where all run.
func observeAll(ctx context.Context, sys *host.System, wanted []resource.Resource) ([]resource.Resource, error) {
	var things, answers []resource.Resource
	for _, w := range wanted {
		if isAnswer(w) {
			answers = append(answers, w)
		} else {
			things = append(things, w)
		}
	}
	foundThings, err := converge.Observe(ctx, sys, things)
	if err != nil {
		return nil, err
	}
	down := notRunning(things, foundThings)
	asked := slices.DeleteFunc(slices.Clone(answers), func(a resource.Resource) bool { return isSilent(a, down) })
	foundAnswers, err := converge.Observe(ctx, sys, asked)
	if err != nil {
		return nil, err
	}
	found := make([]resource.Resource, 0, len(wanted))
	for _, w := range wanted {
		from := &foundThings
		if isAnswer(w) {
			from = &foundAnswers
		}
		if gone, ok := resource.Gone(w); ok && isAnswer(w) && isSilent(w, down) {
			found = append(found, gone)
			continue
		}
		found, *from = append(found, (*from)[0]), (*from)[1:]
	}
	return found, nil
}

// isAnswer reports whether a resource is something that a service answers, and not something that lies on the host.
func isAnswer(r resource.Resource) bool {
	switch r.(type) {
	case resource.Ready, resource.NodeStatus, resource.Node, resource.Object, resource.Image:
		return true
	}
	return false
}

// isSilent reports whether nobody answers for a resource when these services are down.
func isSilent(r resource.Resource, down map[string]bool) bool {
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
