package api

import (
	"context"
	"errors"
	"time"

	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// The things that a NodeStatus can speak of.
const (
	HasSubnet = "has a subnet" // the controller manager has assigned it a pod CIDR, which flanneld needs
	IsReady   = "is ready"     // it takes pods, which one under pressure does not
)

// NodeStatus is one thing that others have to say of a Kubernetes node. It can only be waited for.
type NodeStatus struct {
	Name string
	// Is is HasSubnet or IsReady: the words of a sentence whose subject is the node, so that the ID
	// reads "node w1 is ready".
	Is         string
	Kubeconfig string        // path on the host, below System.Root
	For        string        // the component that is waited for; the host does not need it
	Timeout    time.Duration // how long to wait; 0 means two minutes
	Absent     bool          // what Is says does not hold
}

// ID is "node NAME is ready", for instance.
func (n NodeStatus) ID() string { return "node " + n.Name + " " + n.Is }

// State is "true" or empty.
func (n NodeStatus) State() string { return resource.States(resource.Flag("true", !n.Absent)) }

// Answers says that several services stand between the host and the answer: the API, and the proxy
// that leads to it.
func (n NodeStatus) Answers() (unit string, all bool) { return "", true }

// Absence is a status in which what Is says does not hold.
func (n NodeStatus) Absence() resource.Resource {
	n.Absent = true
	return n
}

// Problem says what the node is not, or does not have.
func (n NodeStatus) Problem(resource.Resource) string {
	if n.Absent {
		return resource.Denial(n.ID())
	}
	return ""
}

// Awaits is the component that is waited for.
func (n NodeStatus) Awaits() string { return n.For }

// Observe asks the API once. When the API does not answer, what Is says does not hold.
func (n NodeStatus) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	so, err := asked(ctx, sys, n.Kubeconfig, n.ask)
	n.Absent = !so
	return n, err
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
	wait := nodeWait(n.ID(), n.Timeout)
	wait.gate = n.For != ""
	return wait.until(ctx, sys, a, n.ask)
}

// ask tells what is still waited for.
func (n NodeStatus) ask(ctx context.Context, a *kube.API) (waiting, err error) {
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
