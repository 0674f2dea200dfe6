package remote

import (
	"context"
	"time"
)

// patience is a context that ends when the host takes too long. The clock stands still while a person is asked.
type patience struct {
	context.Context
	cancel context.CancelCauseFunc
	limit  time.Duration
	clock  *time.Timer
}

func newPatience(ctx context.Context, limit time.Duration) *patience {
	ctx, cancel := context.WithCancelCause(ctx)
	return &patience{Context: ctx, cancel: cancel, limit: limit, clock: time.AfterFunc(limit, func() { cancel(noAnswer(limit)) })}
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
