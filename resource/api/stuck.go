package api

import (
	"errors"
	"time"
)

// A stuckError is something that is waited for and does not come about by waiting: a user has to
// change something first.
type stuckError struct{ err error }

// Error is the reason.
func (e *stuckError) Error() string { return e.err.Error() }

// Unwrap returns the reason.
func (e *stuckError) Unwrap() error { return e.err }

// stuckPatience is how long a wait goes on all the same: a slow machine may only look stuck.
const stuckPatience = time.Minute

// stuckness tells what is stuck for good from what only looks so for a while.
type stuckness struct {
	since   time.Time // when all answers since were that it is stuck; zero if the last was not
	forGood bool
}

// judge returns the reason if waiting any longer is in vain.
func (s *stuckness) judge(waiting error) error {
	var stuck *stuckError
	if !errors.As(waiting, &stuck) {
		s.since = time.Time{}
		return nil
	}
	if s.since.IsZero() {
		s.since = time.Now()
	}
	if time.Since(s.since) < stuckPatience {
		return nil
	}
	s.forGood = true
	return waiting
}
