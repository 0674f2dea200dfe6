package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kbootstrap/host"
)

// Holder is the run that holds a host's lock, for the message to whoever else wants it.
type Holder struct {
	User    string    `json:"user"`
	Host    string    `json:"host"` // the control machine
	PID     int       `json:"pid"`  // there
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// lock is the host's lock: one run changes a host at a time. It is a flock, so the kernel frees it
// with the process, however that ends; the text next to it is for messages only and means nothing
// without the flock.
type lock struct {
	root string
	sys  *host.System // for what it changes

	mu   sync.Mutex
	file *os.File // not nil while held
}

func (l *lock) path() string       { return filepath.Join(l.root, "run/lock/kbootstrap.lock") }
func (l *lock) holderPath() string { return filepath.Join(l.root, "run/lock/kbootstrap.json") }

// take takes the lock, or tells by a *LockedError who has it, and calls first before anybody else
// may go on. Taking it again in the same session only changes the holder, if there is one.
func (l *lock) take(holder Holder, first func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		if holder == (Holder{}) {
			return nil
		}
		return l.announce(holder)
	}
	if err := l.sys.MkdirAll(filepath.Dir(l.path()), 0o755); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	var file *os.File
	err := l.sys.Step(host.Step{Op: host.OpCreate, Path: l.path()}, func() (err error) {
		// The descriptor is close-on-exec, as all of Go's: a child that outlived the node would
		// otherwise keep the lock.
		file, err = os.OpenFile(l.path(), os.O_RDWR|os.O_CREATE, 0o600)
		return err
	})
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	err = l.sys.Step(host.Step{Op: host.OpLock, Path: l.path()}, func() error {
		return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	})
	if err != nil {
		_ = file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return &LockedError{Holder: l.holder()}
		}
		return fmt.Errorf("lock %s: %w", l.path(), err)
	}
	err = l.announce(holder)
	if err == nil {
		err = first()
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("lock: %w", err)
	}
	l.file = file
	return nil
}

// announce writes who holds the lock, whole or not at all.
func (l *lock) announce(holder Holder) error {
	text, err := json.Marshal(holder)
	if err != nil {
		return err
	}
	temp := l.holderPath() + ".new"
	if err := l.sys.Write(temp, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return l.sys.Rename(temp, l.holderPath())
}

// holder reads who holds the lock. The holder writes its text a moment after it took the lock, so
// this waits a little for a text that can be read; without one the answer is the zero Holder.
func (l *lock) holder() Holder {
	deadline := time.Now().Add(200 * time.Millisecond)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var holder Holder
		if text, err := os.ReadFile(l.holderPath()); err == nil && json.Unmarshal(text, &holder) == nil {
			return holder
		}
		if time.Now().After(deadline) {
			return Holder{}
		}
		<-tick.C
	}
}

// release frees the lock if this session has it, and reports whether it had. The lock file itself
// stays: removing it would let two runs lock two different files of the same name.
func (l *lock) release() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return false
	}
	_ = l.sys.Remove(l.holderPath())
	_ = l.file.Close()
	l.file = nil
	return true
}

// held reports whether this session has the lock.
func (l *lock) held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file != nil
}
