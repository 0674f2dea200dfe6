package certs

import (
	"context"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"kbootstrap/fault"
)

// lock takes the store for this run, so that two runs agree on one set of certificates. The kernel drops the lock with
// the process: it cannot go stale, and the file may stay.
func (s *Store) lock() (unlock func() error, err error) {
	path := filepath.Join(s.dir, ".lock")
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	l := flock.New(path, flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, fault.StoreBusy.Errorf("waited %s for another run to release %s: %w", s.patience, path, err)
	}
	return l.Unlock, nil
}
