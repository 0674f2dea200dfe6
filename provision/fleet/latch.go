package fleet

import (
	"context"
	"sync"
	"time"
)

// Latch opens when a number of things are done.
type Latch struct {
	mu   sync.Mutex
	left int
	open chan struct{}
}

func NewLatch(n int) *Latch {
	l := &Latch{left: n, open: make(chan struct{})}
	if n == 0 {
		close(l.open)
	}
	return l
}

// Down says that one of the things is done.
func (l *Latch) Down() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left--; l.left == 0 {
		close(l.open)
	}
}

// Wait returns when the latch is open, when ctx ends, or when patience does.
func (l *Latch) Wait(ctx context.Context, patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.open:
	case <-ctx.Done():
	case <-timer.C:
	}
}
