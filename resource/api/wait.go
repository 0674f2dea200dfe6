package api

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// A step does what can be done now, or asks; it returns what is still waited for.
type step func(context.Context, *kube.API) (waiting, err error)

// apiWait is a wait for the Kubernetes API to say something.
type apiWait struct {
	what    string        // for the error
	timeout time.Duration // 0 means two minutes
	code    fault.Code
	unit    string // its journal goes into the error; "" for none
	// node is whose unit it is, by its name, where the API is asked from another host: the journal
	// of this one says nothing then.
	node string
	gate bool // another component is waited for, and the unit may not run yet
}

// until repeats a step until it neither fails nor waits. Its error says what was waited for last,
// and what the unit's journal says.
func (w apiWait) until(ctx context.Context, sys *host.System, a *kube.API, do step) error {
	if w.timeout == 0 {
		w.timeout = 2 * time.Minute
	}
	deadline, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	begin := time.Now()
	var watched string
	if w.node == "" {
		watched = w.unit
	}
	since := sys.Since(watched)
	watch := resource.Watch{Unit: watched, Gate: w.gate}
	var stuck stuckness
	var last error
	err := host.Poll(deadline, kube.APIPoll, func() (bool, error) {
		problem, err := do(deadline, a)
		if err != nil && !kube.Passing(err) {
			return false, err
		}
		if problem == nil {
			problem = err
		}
		if problem == nil {
			return true, nil
		}
		if deadline.Err() == nil || last == nil {
			last = problem
		}
		if err := stuck.judge(problem); err != nil {
			return false, err
		}
		return false, watch.Hopeless(deadline, sys)
	})
	waited := time.Since(begin).Round(time.Millisecond)
	switch {
	case err == nil || last == nil || ctx.Err() != nil:
		return err
	case watch.Crashed:
		err = fmt.Errorf("waited %s for %s: %w; last answer: %w", waited, w.what, err, last)
	case stuck.forGood || deadline.Err() != nil:
		err = fmt.Errorf("waited %s for %s: %w", waited, w.what, last)
	default:
		return err
	}
	if w.node != "" {
		return &host.UnitError{Code: w.code, Unit: w.unit, Node: w.node, Failure: host.Unheard, Err: err}
	}
	return sys.Failed(ctx, w.code, w.unit, host.Unheard, since, err)
}

// asked reports whether there is nothing to wait for, as the API says it when it is asked once.
// When it does not answer, or there is no kubeconfig yet, there is something to wait for.
func asked(ctx context.Context, sys *host.System, kubeconfig string, ask step) (bool, error) {
	a, err := kube.OpenAPI(sys, kubeconfig)
	if host.Absent(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	waiting, err := ask(ctx, a)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil && kube.Passing(err):
		return false, nil
	}
	return waiting == nil && err == nil, err
}

// condition is a condition in the status of an object.
type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Heartbeat is when a kubelet has last reported the condition of its node.
	Heartbeat string `json:"lastHeartbeatTime"`
}

// String is the condition in one line.
func (c condition) String() string {
	return c.Type + " is " + c.Status + ": " + c.Reason + ": " + human.OneLine(c.Message)
}
