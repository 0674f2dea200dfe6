package fleet

import (
	"context"
	"sync"
	"time"
)

// Countdown is what the sender waits for until a number of things are done.
type Countdown struct {
	mu   sync.Mutex
	left int
	over chan struct{}
}

// NewCountdown counts n things.
func NewCountdown(n int) *Countdown {
	c := &Countdown{left: n, over: make(chan struct{})}
	if n == 0 {
		close(c.over)
	}
	return c
}

// Done says that one of the things is done.
func (c *Countdown) Done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		close(c.over)
	}
}

// wait returns when all things are done, when ctx ends, or when patience does.
func (c *Countdown) wait(ctx context.Context, patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.over:
	case <-ctx.Done():
	case <-timer.C:
	}
}
