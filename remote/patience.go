package remote

import (
	"context"
	"time"
)

// patience is a context that ends when the host takes too long. The clock stops while a person is
// asked.
type patience struct {
	context.Context
	cancel context.CancelCauseFunc
	limit  time.Duration
	clock  *time.Timer
}

func newPatience(ctx context.Context, limit time.Duration) *patience {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &patience{Context: ctx, cancel: cancel}
	p.start(limit)
	return p
}

// start sets the clock.
func (p *patience) start(limit time.Duration) {
	p.limit, p.clock = limit, time.AfterFunc(limit, func() { p.cancel(noAnswer(limit)) })
}

// pause stops the clock until the returned function starts it from the beginning.
func (p *patience) pause() (resume func()) {
	p.clock.Stop()
	return func() { p.clock.Reset(p.limit) }
}

func (p *patience) end() {
	p.clock.Stop()
	p.cancel(context.Canceled)
}
