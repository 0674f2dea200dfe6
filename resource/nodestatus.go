package resource

import (
	"context"
	"errors"
	"time"

	"kbootstrap/host"
	"kbootstrap/kube"
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

// Answers says that several services stand between the host and the answer: the API, and the proxy that leads to it.
func (n NodeStatus) Answers() (unit string, all bool) { return "", true }

// Absence is a node of which it is not so.
func (n NodeStatus) Absence() Resource {
	n.Absent = true
	return n
}

// Problem says what is not so.
func (n NodeStatus) Problem(Resource) string {
	if n.Absent {
		return "not so: " + n.ID()
	}
	return ""
}

// Observe asks the API once. When that does not answer, it is not so.
func (n NodeStatus) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := n
	found.Absent = true
	a, err := kube.OpenAPI(sys, n.Kubeconfig)
	if host.Absent(err) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	waiting, err := n.ask(ctx, a)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && kube.Passing(err) {
		waiting, err = err, nil
	}
	if err != nil {
		return nil, err
	}
	found.Absent = waiting != nil
	return found, nil
}

// Apply waits.
func (n NodeStatus) Apply(ctx context.Context, sys *host.System) error {
	if n.Absent {
		return nil
	}
	a, err := kube.OpenAPI(sys, n.Kubeconfig)
	if err != nil {
		return err
	}
	sys.Logf("waiting: %s", n.ID())
	return waitForNode(ctx, sys, n.ID(), n.Timeout, func(ctx context.Context) (waiting, err error) { return n.ask(ctx, a) })
}

// ask tells what is still waited for.
func (n NodeStatus) ask(ctx context.Context, a *kube.Api) (waiting, err error) {
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
