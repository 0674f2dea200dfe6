package provision

import (
	"context"
	"sync"
	"time"
)

// latch opens when a number of things are done.
type latch struct {
	mu   sync.Mutex
	left int
	open chan struct{}
}

func newLatch(n int) *latch {
	l := &latch{left: n, open: make(chan struct{})}
	if n == 0 {
		close(l.open)
	}
	return l
}

// down says that one of the things is done.
func (l *latch) down() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left--; l.left == 0 {
		close(l.open)
	}
}

// wait returns when the latch is open, when ctx ends, or when patience does.
func (l *latch) wait(ctx context.Context, patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.open:
	case <-ctx.Done():
	case <-timer.C:
	}
}
