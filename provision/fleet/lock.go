package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"kbootstrap/inventory"
	"kbootstrap/node"
)

// lockPoll is how often a lock that another run holds is tried again.
const lockPoll = 500 * time.Millisecond

// StateLock is the lock of a state directory: two runs on one machine must not issue certificates
// or change hosts at once. It is a flock, which the kernel frees with its process; the text next
// to it says who has it, and means nothing alone.
type StateLock struct{ flock *flock.Flock }

// LockState takes the lock of the cluster's state directory. When another run has it longer than
// the options say, the error is a *node.LockedError.
func LockState(ctx context.Context, c *inventory.Cluster, o Options) (*StateLock, error) {
	if err := os.MkdirAll(c.StateDir(), 0o700); err != nil {
		return nil, fmt.Errorf("lock the state directory: %w", err)
	}
	l := &StateLock{flock.New(filepath.Join(c.StateDir(), "lock"))}
	err := o.patiently(ctx, "", func(node.Holder) bool { return false },
		func() error { return l.try(holder(o.Command)) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.flock.Path(), err)
	}
	return l, nil
}

func (l *StateLock) path() string { return l.flock.Path() + ".json" }

func (l *StateLock) try(us node.Holder) error {
	locked, err := l.flock.TryLock()
	if err != nil {
		return err
	}
	if !locked {
		other := &node.LockedError{}
		if text, err := os.ReadFile(l.path()); err == nil && json.Unmarshal(text, &other.Holder) != nil {
			other.Holder = node.Holder{} // it is being written
		}
		return other
	}
	text, err := json.Marshal(us)
	if err != nil {
		return err
	}
	temp := l.path() + ".new"
	if err := os.WriteFile(temp, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, l.path())
}

// Release frees the lock. Its file stays: without it two runs could lock two files of the same
// name.
func (l *StateLock) Release() {
	_ = os.Remove(l.path())
	_ = l.flock.Unlock()
}

// endingLimit is how long a host may take to end what a run began there that is gone by now: the
// longest is a service that is made healthy first.
const endingLimit = 3 * time.Minute

// patiently tries to take a lock until no other process has it, or for as long as the options say.
// Some holders are waited for in vain. One whose process is gone has the lock only until the host
// has ended what was begun there, which is waited for without being asked to.
func (o Options) patiently(
	ctx context.Context, host string, isVain func(node.Holder) bool, take func() error,
) error {
	begin := time.Now()
	told := false
	for {
		err := take()
		var locked *node.LockedError
		if !errors.As(err, &locked) || isVain(locked.Holder) {
			return err
		}
		limit, waiting := o.LockTimeout, "waiting for the lock"
		if isGone(locked.Holder) && limit < endingLimit {
			limit, waiting = endingLimit, "that process is gone; waiting until the host has ended what it had begun"
		}
		if time.Since(begin) >= limit {
			return err
		}
		if !told {
			told = true
			o.Tell(Event{Kind: EventLog, Host: host, Component: "lock",
				Text: fmt.Sprintf("%v; %s, %v at most", err, waiting, limit)})
		}
		select {
		case <-time.After(min(lockPoll, limit-time.Since(begin))):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// isGone reports whether a holder is a process of this machine that has ended. Of those elsewhere
// nothing is known.
func isGone(h node.Holder) bool {
	if here, err := os.Hostname(); err != nil || h.PID <= 0 || h.Host != here {
		return false
	}
	process, err := os.FindProcess(h.PID)
	if err != nil {
		return true // of a system that tells so when it is asked for one
	}
	defer func() { _ = process.Release() }()
	err = process.Signal(syscall.Signal(0))
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}
