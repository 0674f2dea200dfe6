package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kbootstrap/fault"
)

// AwayError says that a host whose connection was lost did not come back.
type AwayError struct {
	During string // what it was busy with: a component, or what was asked of it
	Lost   error  // how the connection was lost
	Err    error  // what the last try to reach it said; nil when it came back and was lost again too often
	After  time.Duration
	Upload string // the content that was on its way, and how much of it
}

// Error says how the connection was lost, and why it was not made again.
func (e *AwayError) Error() string {
	text := fmt.Sprintf("the connection was lost during %s (%v)", e.During, e.Lost)
	if e.Upload != "" {
		text += ", " + e.Upload
	}
	if e.Err == nil {
		return text + fmt.Sprintf(", for the %dth time in this run", sessions+1)
	}
	return text + fmt.Sprintf(", and the host was not reached again in %v: %v", e.After, e.Err)
}

// Unwrap returns what the last try said, and how the connection was lost.
func (e *AwayError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Lost}
	}
	return []error{e.Err, e.Lost}
}

// Fault is HostAway.
func (e *AwayError) Fault() fault.Code { return fault.HostAway }

// Hint says that nothing needs repair.
func (e *AwayError) Hint() string {
	return "see whether the host is up, then run the same command again: it goes on where it stopped"
}

// again asks, and after each loss of the session asks once more over a new one: looking changes
// nothing, and converging what has converged does not either, so no caller needs to know how far
// the host came.
func (c *keptSession) again(ctx context.Context, during string, ask func() error) error {
	for {
		used := c.current()
		err := ask()
		var lost *LostError
		if c.dialer.Dial == nil || ctx.Err() != nil || c.stopped.Err() != nil || !errors.As(err, &lost) {
			return err
		}
		if err := c.replace(ctx, used, during, lost); err != nil {
			return err
		}
	}
}

// replace opens a new session in the place of one that was lost, unless another request has done so
// already. An error of it is what all get, and there is no other try.
func (c *keptSession) replace(ctx context.Context, used *link, during string, lost error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.stopped, func() { cancel(lost) })()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c.mu.Lock()
	over, given := c.link != used, c.given
	c.mu.Unlock()
	switch {
	case given != nil:
		return given
	case over:
		return nil
	}
	err := c.reopen(ctx, during, lost)
	if err != nil && ctx.Err() == nil { // else it is only this request that was given up
		c.mu.Lock()
		defer c.mu.Unlock()
		c.given = err
	}
	return err
}

// reopen opens a session in the place of one that was lost. The host may be rebooting, so it waits
// for it; but it does not wait for a host that answers and is another one, or does not let us in.
func (c *keptSession) reopen(ctx context.Context, during string, lost error) error {
	d := c.dialer
	away := &AwayError{During: during, Lost: c.stream.Cause(lost), Upload: d.Upload()}
	if c.reopened.Add(1) > sessions {
		return away
	}
	_ = c.current().close()
	d.Log(during, fmt.Sprintf("the connection was lost: %v; waiting for the host, %v at most", away.Lost, d.Away))
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, d.Away)
	defer cancel()
	for pause := firstBackoff; ; pause = min(pause*2, lastBackoff) {
		greeting, err := c.begin(limited)
		if err == nil {
			c.welcome(during, greeting)
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if away.Err == nil || limited.Err() == nil { // that the time is up says less
			away.Err = err
		}
		if limited.Err() != nil || !c.mayPass(err) || rest(limited, pause) != nil {
			away.After = time.Since(start).Round(time.Second)
			return away
		}
	}
}

// welcome reports that the host is there again, and whether it was rebooted.
func (c *keptSession) welcome(during string, greeting Greeting) {
	if greeting.Facts.BootID == c.boot {
		c.dialer.Log(during, "connected again; going on")
		return
	}
	c.boot = greeting.Facts.BootID
	c.dialer.OnReboot()
	c.dialer.Log(during, "the host rebooted during "+during+"; going on")
}

// mayPass reports whether an error may pass: the host is not reached, or our own lost session still
// has the lock.
func (c *keptSession) mayPass(err error) bool {
	var (
		locked *LockedError
		lost   *LostError
	)
	switch {
	case errors.As(err, &locked):
		h, us := locked.Holder, c.dialer.Holder
		return h == (Holder{}) || // who lets go of it takes away the name first
			us != nil && h.PID == us.PID && h.Host == us.Host && h.Since.Equal(us.Since)
	case errors.As(err, &lost):
		return true
	}
	return c.dialer.MayPass(err)
}
