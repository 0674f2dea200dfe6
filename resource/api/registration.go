package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Registration is that the API has the node of a host. A kubelet registers its node only when it
// starts, so one whose node was deleted meanwhile has to be started again.
type Registration struct {
	Node       string
	Kubeconfig string        // path on the host, below System.Root
	Timeout    time.Duration // how long to wait; 0 means two minutes
	Absent     bool          // the API has no such node, or does not answer
}

// ID is "registration of node NAME".
func (n Registration) ID() string { return "registration of node " + n.Node }

// State is "registered" or empty.
func (n Registration) State() string { return resource.States(resource.Flag("registered", !n.Absent)) }

// Answers says that several services stand between the host and the answer.
func (n Registration) Answers() (unit string, all bool) { return "", true }

// Absence is a node that is not registered.
func (n Registration) Absence() resource.Resource {
	n.Absent = true
	return n
}

// Problem says that the API does not have the node.
func (n Registration) Problem(resource.Resource) string {
	if n.Absent {
		return "node " + n.Node + " is not registered, or the API does not answer"
	}
	return ""
}

// Observe asks the API once.
func (n Registration) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	so, err := asked(ctx, sys, n.Kubeconfig, n.ask)
	n.Absent = !so
	return n, err
}

// enlisting is how long a kubelet may take from its start until its node is registered.
const enlisting = 10 * time.Second

// Apply waits for the kubelet, and restarts it when it has run for so long that it is not about to
// register the node.
func (n Registration) Apply(ctx context.Context, sys *host.System) error {
	if n.Absent {
		return errors.New("a node that its kubelet has registered cannot be put back")
	}
	a, err := kube.OpenAPI(sys, n.Kubeconfig)
	if err != nil {
		return err
	}
	ctx, cancel := sys.UntilStopped(ctx)
	defer cancel()
	sys.Logf("waiting: %s", n.ID())
	restarted := false
	wait := nodeWait(n.ID(), n.Timeout)
	wait.code = fault.NodeNotRegistered
	return wait.until(ctx, sys, a, func(ctx context.Context, a *kube.API) (waiting, err error) {
		waiting, err = n.ask(ctx, a)
		if waiting == nil || err != nil || restarted {
			return waiting, err
		}
		// Nothing but a clear answer of the API is a reason: it has no such node.
		restarted, err = restart(ctx, sys, kubeletUnit, enlisting)
		if err != nil {
			return nil, fmt.Errorf("restart %s: %w", kubeletUnit, err)
		}
		return waiting, nil
	})
}

// ask tells what is still waited for.
func (n Registration) ask(ctx context.Context, a *kube.API) (waiting, err error) {
	_, waiting, err = registered(ctx, a, n.Node)
	return waiting, err
}

// restart restarts a unit once it has run for so long that what it brings about would be there, and
// reports whether it did.
func restart(ctx context.Context, sys *host.System, unit string, age time.Duration) (bool, error) {
	due, err := isOverdue(ctx, sys, unit, age)
	if err != nil || !due {
		return false, err
	}
	sys.Logf("restarting %s", unit)
	_, err = sys.Change(ctx, "systemctl", "--no-block", "--job-mode=ignore-dependencies", "restart", unit)
	return err == nil, err
}

// isOverdue reports whether a unit has run for so long that what it brings about would be there.
func isOverdue(ctx context.Context, sys *host.System, unit string, age time.Duration) (bool, error) {
	u, err := sys.Unit(ctx, unit)
	if err != nil || u.State != "active" {
		// One that is only starting is left alone: flanneld does not end when it is told to at that
		// time.
		return false, err
	}
	runs, _ := sys.RunsSince(u.PID)
	return runs >= age, nil
}
