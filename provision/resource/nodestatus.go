package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kbootstrap/fault"
)

// The things that a NodeStatus can speak of.
const (
	HasSubnet = "has a subnet" // the controller manager has assigned it a pod CIDR, which flanneld needs
	IsReady   = "is ready"     // it takes pods, which one under pressure does not
)

// NodeStatus is one thing that others have to say of a Kubernetes node. It can only be waited for.
type NodeStatus struct {
	Name       string
	Is         string        // HasSubnet or IsReady
	Kubeconfig string        // path on the host, below System.Root
	Timeout    time.Duration // how long to wait; 0 means two minutes
	Absent     bool          // it is not so
}

// ID is "node NAME is ready", for instance.
func (n NodeStatus) ID() string { return "node " + n.Name + " " + n.Is }

// State is "so" or empty.
func (n NodeStatus) State() string { return states(flag("so", !n.Absent)) }

func (n NodeStatus) waits() bool { return !n.Absent }

// Observe asks the API once. When that does not answer, it is not so.
func (n NodeStatus) Observe(ctx context.Context, sys *System) (Resource, error) {
	found := n
	found.Absent = true
	a, err := sys.api(n.Kubeconfig)
	if absent(err) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	waiting, err := n.ask(ctx, a)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && passing(err) {
		waiting, err = err, nil
	}
	if err != nil {
		return nil, err
	}
	found.Absent = waiting != nil
	return found, nil
}

// Apply waits.
func (n NodeStatus) Apply(ctx context.Context, sys *System) error {
	if n.Absent {
		return nil
	}
	a, err := sys.api(n.Kubeconfig)
	if err != nil {
		return err
	}
	sys.logf("waiting: %s", n.ID())
	return waitForNode(ctx, sys, n.ID(), n.Timeout, func(ctx context.Context) (waiting, err error) { return n.ask(ctx, a) })
}

// ask tells what is still waited for.
func (n NodeStatus) ask(ctx context.Context, a *api) (waiting, err error) {
	k, waiting, err := registered(ctx, a, n.Name)
	if waiting != nil || err != nil {
		return waiting, err
	}
	switch {
	case n.Is == HasSubnet && k.Spec.PodCIDR == "":
		return errors.New("the controller manager has not assigned it a pod CIDR"), nil
	case n.Is == IsReady && !k.ready():
		return errors.New(k.why()), nil
	}
	return nil, nil
}

// registered reads a node from the API; waiting says that there is none yet.
func registered(ctx context.Context, a *api, name string) (k kubeNode, waiting, err error) {
	data, err := a.get(ctx, "/api/v1/nodes/"+name)
	if isCode(err, http.StatusNotFound) {
		return k, errors.New("its kubelet has not registered it"), nil
	}
	if err != nil {
		return k, nil, err
	}
	k, err = parseNode(data)
	return k, nil, err
}

// waitForNode repeats a step until it neither fails nor waits. Its error tells what was waited for last, and what the
// kubelet of this host said.
func waitForNode(
	ctx context.Context, sys *System, what string, timeout time.Duration, step func(context.Context) (waiting, err error),
) error {
	if timeout == 0 {
		timeout = 2 * time.Minute
	}
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	begin := time.Now()
	var last error
	err := poll(deadline, apiPoll, func() (bool, error) {
		problem, err := step(deadline)
		if err != nil && !passing(err) {
			return false, err
		}
		if problem == nil {
			problem = err
		}
		if problem != nil && (deadline.Err() == nil || last == nil) {
			last = problem
		}
		return problem == nil, nil
	})
	if err == nil || last == nil || deadline.Err() == nil || ctx.Err() != nil {
		return err
	}
	return sys.failed(ctx, fault.NodeNotReady, kubeletUnit,
		fmt.Errorf("waited %s for %s: %w", time.Since(begin).Round(time.Millisecond), what, last))
}
