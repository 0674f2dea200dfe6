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
	begin  time.Time // when the clock was set
	asked  bool      // a person was asked meanwhile
}

func newPatience(ctx context.Context, limit time.Duration) *patience {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &patience{Context: ctx, cancel: cancel}
	p.start(limit, noAnswer(limit))
	return p
}

// start sets the clock; when it has run down, the context ends for the cause.
func (p *patience) start(limit time.Duration, cause error) {
	p.limit, p.begin, p.clock = limit, time.Now(), time.AfterFunc(limit, func() { p.cancel(cause) })
}

// pause stops the clock until the returned function starts it from the beginning.
func (p *patience) pause() (resume func()) {
	p.clock.Stop()
	p.asked = true
	return func() { p.clock.Reset(p.limit) }
}

func (p *patience) end() {
	p.clock.Stop()
	p.cancel(context.Canceled)
}
