package release

import (
	"context"
	"errors"
	"time"

	"kbootstrap/fault"
)

// retryPolicy bounds how often an artifact is tried.
type retryPolicy struct {
	attempts int           // in all, when the network or the server fails
	base     time.Duration // the wait before the second attempt; it doubles from there
	longest  time.Duration // the longest wait, whatever the server asks for
}

// defaultRetry gives up on a server after 7.5 s of waiting.
var defaultRetry = retryPolicy{attempts: 5, base: 500 * time.Millisecond, longest: 30 * time.Second}

// impatientAttempts is how often a server is tried when there is another to be asked.
const impatientAttempts = 2

// mismatchAttempts is how often an artifact is fetched that is not the right one: a proxy's hiccup
// passes, a wrong file does not.
const mismatchAttempts = 2

// transientError is a failure that may pass.
type transientError struct {
	err   error
	after time.Duration // as the server asked (Retry-After); 0 when it did not
}

func (e *transientError) Error() string     { return e.err.Error() }
func (e *transientError) Fault() fault.Code { return fault.ArtifactUnreachable }
func (e *transientError) Unwrap() error     { return e.err }

// do calls try until it succeeds, fails for good, or has been tried often enough.
func (p retryPolicy) do(ctx context.Context, try func() error) error {
	wait := p.base
	for attempt, mismatches := 1, 0; ; attempt++ {
		err := try()
		if err == nil {
			return nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		var transient *transientError
		var mismatch *mismatchError
		pause := wait
		switch {
		case errors.As(err, &mismatch):
			if mismatches++; mismatches >= mismatchAttempts {
				return err
			}
		case errors.As(err, &transient):
			limit := p.attempts
			if way := (*wayError)(nil); errors.As(err, &way) && way.isNew {
				limit = min(limit, wayAttempts)
			}
			if attempt >= limit {
				return err
			}
			pause = max(pause, transient.after)
		default:
			return err
		}
		timer := time.NewTimer(min(pause, p.longest))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		wait *= 2
	}
}
