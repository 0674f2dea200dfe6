package shared

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"kbootstrap/fault"
	"kbootstrap/internal/atomic"
)

// Directory is a place on a disk that operators share, such as a network file system or a stick.
type Directory struct{ Path, Cluster string }

func (d Directory) file() string { return filepath.Join(d.Path, d.Cluster+".kstate") }

// Read returns the shared state; nil where there is none.
func (d Directory) Read() ([]byte, error) {
	packed, err := os.ReadFile(d.file())
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(d.Path); err != nil {
			return nil, err
		}
		return nil, nil
	}
	return packed, err
}

// lockPatience is how long another push is waited for, and lockPoll how often the lock is tried.
const (
	lockPatience = 30 * time.Second
	lockPoll     = 20 * time.Millisecond
)

// Write puts a shared state in the place of the one with a serial number. If there is another one
// by now, the error is fault.SharedNewer, and nothing is written.
func (d Directory) Write(ctx context.Context, packed []byte, serial int) (err error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	lock := flock.New(d.file()+".lock", flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return fmt.Errorf("waited %s for %s: %w", lockPatience, lock.Path(), err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	was, err := d.Read()
	if err != nil {
		return err
	}
	found := 0
	if was != nil {
		h, err := HeaderOf(was)
		if err != nil {
			return fmt.Errorf("%s: %w", d.file(), err)
		}
		found = h.Serial
	}
	if found != serial {
		return fault.SharedNewer.Errorf("%s has serial %d by now, and not %d", d.file(), found, serial)
	}
	return atomic.WriteFile(d.file(), packed, 0o600)
}
