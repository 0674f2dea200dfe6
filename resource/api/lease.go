package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Lease is the lease by which one of several processes leads, and says that none holds it which has
// ended. Those that stand by would wait until it has run out, which takes 15 s
// (--leader-elect-lease-duration): kube-controller-manager and kube-scheduler do not give it up
// when they are stopped.
type Lease struct {
	Name       string // "kube-scheduler", in kube-system
	Unit       string // of the process on this host: "kube-scheduler.service"
	Kubeconfig string // path on the host, below System.Root
	Stale      bool   // it is held by a process of the unit that has ended
}

// ID is "lease NAME".
func (l Lease) ID() string { return "lease " + l.Name }

// State is "held by a process that has ended", or empty.
func (l Lease) State() string {
	return resource.States(resource.Flag("held by a process that has ended", l.Stale))
}

const (
	leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/"
	// leaseOver is the age of a process before which nothing can be left of the one before it:
	// twice the default of --leader-elect-lease-duration.
	leaseOver = 30 * time.Second
)

// Observe asks the API only where the process of the unit is young. Where it does not answer, the
// lease runs out by itself. So it does after a reboot: a host that is only looked at has nothing to
// be changed for it.
func (l Lease) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	if l.Stale = false; host.IsLook(ctx) {
		return l, nil
	}
	lease, err := l.stale(ctx, sys)
	if err != nil && kube.Passing(err) && ctx.Err() == nil {
		err = nil
	}
	l.Stale = lease != nil
	return l, err
}

// Apply gives up the lease for the process that held it, as that could have done when it ended.
// Another process may have taken it meanwhile: then it is not touched. An API that does not answer
// is asked again until the lease has run out.
func (l Lease) Apply(ctx context.Context, sys *host.System) error {
	if l.Stale {
		return nil
	}
	over, cancel := context.WithTimeout(ctx, leaseOver)
	defer cancel()
	err := host.Poll(over, kube.APIPoll, func() (bool, error) {
		err := l.giveUp(over, sys)
		if err != nil && kube.Passing(err) {
			return false, nil //nolint:nilerr // it is asked again
		}
		return true, err
	})
	if over.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// giveUp writes the lease without its holder, if that has ended and no other process has taken it.
func (l Lease) giveUp(ctx context.Context, sys *host.System) error {
	lease, err := l.stale(ctx, sys)
	if err != nil || lease == nil {
		return err
	}
	spec, _ := lease["spec"].(map[string]any) // as stale has seen
	delete(spec, "holderIdentity")
	spec["leaseDurationSeconds"] = 1
	body, err := json.Marshal(lease)
	if err != nil {
		return err
	}
	a, err := kube.OpenAPI(sys, l.Kubeconfig)
	if err != nil {
		return err
	}
	err = a.Change(ctx, http.MethodPut, leases+l.Name, "application/json", nil, body)
	if kube.IsCode(err, http.StatusConflict) || kube.IsCode(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// stale returns the lease when it is held by a process of this host's unit that has ended: one that
// has renewed it before the process that runs was started. Both times are by the clock of this
// host.
func (l Lease) stale(ctx context.Context, sys *host.System) (map[string]any, error) {
	u, err := sys.Unit(ctx, l.Unit)
	if err != nil || !u.Runs() {
		return nil, err
	}
	age, told := sys.RunsSince(u.PID)
	started := time.Now().Add(-age)
	if !told || age > leaseOver {
		return nil, nil
	}
	name, err := sys.Read("/proc/sys/kernel/hostname")
	if err != nil {
		return nil, err
	}
	a, err := kube.OpenAPI(sys, l.Kubeconfig)
	if err != nil {
		return nil, err
	}
	data, err := a.Get(ctx, leases+l.Name)
	if kube.IsCode(err, http.StatusNotFound) { // none has led yet, or they elect none
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var held struct {
		Spec struct {
			HolderIdentity string
			RenewTime      time.Time
		}
	}
	var lease map[string]any
	if err = json.Unmarshal(data, &held); err == nil {
		err = json.Unmarshal(data, &lease)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.ID(), err)
	}
	// An identity is the name of the host, and something that is random, with "_" between.
	isOurs := strings.HasPrefix(held.Spec.HolderIdentity, strings.TrimSpace(name)+"_")
	if !isOurs || !held.Spec.RenewTime.Before(started) {
		return nil, nil
	}
	return lease, nil
}
