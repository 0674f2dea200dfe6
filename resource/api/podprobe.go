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

// PodProbe is what a user would call a network of pods that works on a host: a pod of the network
// runs there now, with an address of the node's subnet, and from that pod's own network the API,
// the cluster DNS and pods of other hosts are reached.
type PodProbe struct {
	Node       string
	Kubeconfig string        // path on the host, below System.Root
	Namespace  string        // of the pods, one a node
	API        string        // the address and port of the API's Service
	DNS        string        // the address of the Service of the cluster DNS
	Domain     string        // of the cluster
	Peers      []string      // the nodes whose pods are to be reached
	Timeout    time.Duration // how long to wait; 0 means two minutes
	Unheard    time.Duration // how long to wait after that when only pods of other hosts are not reached
	Fails      []string      // only in a found value: what does not work, a sentence each
	Absent     bool          // it was not tried, because something that it goes through does not run
}

// ID is "pods of node NAME".
func (p PodProbe) ID() string { return "pods of node " + p.Node }

// State lists what does not work.
func (p PodProbe) State() string {
	switch {
	case p.Absent:
		return ""
	case len(p.Fails) > 0:
		return resource.States(p.Fails...)
	}
	return resource.States("run, and reach the API, the cluster DNS and each other")
}

// Answers says that the way leads through all services of the host.
func (p PodProbe) Answers() (unit string, all bool) { return "", true }

// Absence is a probe that was not tried.
func (p PodProbe) Absence() resource.Resource {
	p.Absent, p.Fails = true, nil
	return p
}

// Problem tells what does not work.
func (p PodProbe) Problem(resource.Resource) string {
	if p.Absent {
		return "whether pods run was not tried"
	}
	if len(p.Fails) == 0 {
		return ""
	}
	return p.err().Error()
}

// err is all that fails in one error.
func (p PodProbe) err() error {
	var all error
	for _, text := range p.Fails {
		if all == nil {
			all = errors.New(text)
			continue
		}
		all = fmt.Errorf("%w; %s", all, text)
	}
	return all
}

const kubeProxyUnit = "kube-proxy.service"

// Observe tries once.
func (p PodProbe) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	a, err := kube.OpenAPI(sys, p.Kubeconfig)
	if host.Absent(err) {
		return p.Absence(), nil
	}
	if err != nil {
		return nil, err
	}
	found := p
	found.Absent, found.Fails = false, nil
	for _, f := range p.try(ctx, sys, a) {
		found.Fails = append(found.Fails, f.text)
	}
	return found, ctx.Err()
}

// Apply waits until it works. What a daemon has to put right that has run for long, and has not, is
// asked of it once more.
func (p PodProbe) Apply(ctx context.Context, sys *host.System) error {
	if p.Absent || len(p.Fails) > 0 {
		return errors.New("pods that work cannot be put back to what they were before")
	}
	a, err := kube.OpenAPI(sys, p.Kubeconfig)
	if err != nil {
		return err
	}
	ctx, cancel := sys.UntilStopped(ctx)
	defer cancel()
	sys.Logf("waiting: %s", p.ID())
	tried := map[string]time.Time{}
	begin := time.Now()
	var unheard bool // all that fails is what flanneld of other hosts may mend yet
	try := func(ctx context.Context, a *kube.API) (waiting, err error) {
		failures := p.try(ctx, sys, a)
		found := PodProbe{}
		unheard = len(failures) > 0
		for _, f := range failures {
			found.Fails = append(found.Fails, f.text)
			unheard = unheard && f.unit == flanneldUnit
			if f.unit == "" || time.Since(begin) < settled || !isDue(f.unit, tried[f.unit]) {
				continue
			}
			ran, err := p.remedy(ctx, sys, a, f.unit)
			if err != nil {
				return nil, fmt.Errorf("restart %s: %w", f.unit, err)
			}
			if ran {
				tried[f.unit] = time.Now()
			}
		}
		return found.err(), nil
	}
	wait := apiWait{what: "pods of node " + p.Node, timeout: p.Timeout, code: fault.PodsCutOff}
	if err = wait.until(ctx, sys, a, try); err == nil || !unheard || p.Unheard == 0 || ctx.Err() != nil {
		return err
	}
	sys.Logf("waiting: flanneld of other hosts hears of node %s", p.Node)
	wait.timeout = p.Unheard
	return wait.until(ctx, sys, a, try)
}
