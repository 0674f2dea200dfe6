package certs

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"kbootstrap/fault"
)

// lock takes the store for this run, so that two runs agree on one set of certificates. The kernel
// drops the lock with the process: it cannot go stale, and the file may stay.
func (s *Store) lock() (unlock func() error, err error) {
	path := s.lockPath()
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	l := flock.New(path, flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, fault.StoreBusy.Errorf("waited %s for another run to release %s: %w", s.patience, path, err)
	}
	return l.Unlock, nil
}

func (s *Store) lockPath() string { return filepath.Join(s.dir, ".lock") }

// hasLock reports whether a run has ever locked the store. Every run that writes does, before it
// writes anything.
func (s *Store) hasLock() bool {
	_, err := os.Lstat(s.lockPath())
	return err == nil
}
