package node

import (
	"context"
	"sync"
)

// turns lets requests that change the same things go one after the other. A client that cancelled a
// request may ask again before the first has ended on the host.
type turns struct {
	mu   sync.Mutex
	busy map[string]bool
	free chan struct{} // closed and replaced whenever a turn is over
}

// everything is the name of a request that must be alone.
const everything = ""

func newTurns() *turns { return &turns{busy: map[string]bool{}, free: make(chan struct{})} }

// take waits until no request has the name, nor everything; one who wants everything waits for all.
// The returned function gives the turn back.
func (t *turns) take(ctx context.Context, name string) (done func(), err error) {
	for {
		t.mu.Lock()
		if !t.busy[name] && !t.busy[everything] && (name != everything || len(t.busy) == 0) {
			t.busy[name] = true
			t.mu.Unlock()
			return func() { t.giveBack(name) }, nil
		}
		free := t.free
		t.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (t *turns) giveBack(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.busy, name)
	close(t.free)
	t.free = make(chan struct{})
}
