package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kbootstrap/kube"
)

// controllers are those of the controller manager that leads. While none does, Services go on
// sending to pods that have ended: a leader that was stopped is followed by another when its lease
// is given up (Lease), or has run out, which takes 15 s.
type controllers struct {
	renewed time.Time // at the first look
	work    bool
}

const (
	leaseOfControllers = leases + "kube-controller-manager"
	// freshLease is the age of a lease whose holder need not be seen renewing it: it does every two
	// seconds (--leader-elect-retry-period).
	freshLease = 3 * time.Second
	// settledLease is after how long the controllers of a holder have read what they work on.
	settledLease = 5 * time.Second
)

// await returns what keeps the controllers from following what is about to change; nil when they
// do.
func (c *controllers) await(ctx context.Context, a *kube.API) (waiting, err error) {
	if c.work {
		return nil, nil
	}
	data, err := a.Get(ctx, leaseOfControllers)
	switch {
	case kube.IsCode(err, http.StatusNotFound): // they were told not to elect anybody
		c.work = true
		return nil, nil
	case err != nil:
		return nil, err
	}
	var lease struct {
		Spec struct {
			HolderIdentity         string
			AcquireTime, RenewTime time.Time
		}
	}
	if err := json.Unmarshal(data, &lease); err != nil {
		return nil, err
	}
	held := lease.Spec
	if c.renewed.IsZero() {
		c.renewed = held.RenewTime
	}
	// Both times are by the clock of the holder, which may differ from this one's.
	isAlive := time.Since(held.RenewTime).Abs() < freshLease || held.RenewTime.After(c.renewed)
	switch led := held.RenewTime.Sub(held.AcquireTime); {
	case held.HolderIdentity == "" || !isAlive:
		return errors.New("no kube-controller-manager leads, so that Services would send to pods that are gone"), nil
	case led < settledLease:
		return fmt.Errorf("kube-controller-manager has led for %s only", led.Round(time.Second)), nil
	}
	c.work = true
	return nil, nil
}
