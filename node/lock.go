package node

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

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
	old  *os.File // the lock of versions before; nil when there is none to take
}

// LockDir is where the host's lock lies. Only root may write there: in /run/lock, which is open to
// everybody on Debian, any user could take the lock before the tool or put a link in its place.
const LockDir = "/run/kbootstrap-lock"

func (l *lock) dir() string        { return filepath.Join(l.root, LockDir) }
func (l *lock) path() string       { return filepath.Join(l.dir(), "lock") }
func (l *lock) holderPath() string { return filepath.Join(l.dir(), "lock.json") }

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
	if err := l.makeDir(); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	file, err := l.open(l.path())
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if err := l.flock(file, l.holderPath()); err != nil {
		return err
	}
	old, err := l.takeOld()
	if err != nil {
		_ = file.Close()
		return err
	}
	err = l.announce(holder)
	if err == nil {
		err = first()
	}
	if err != nil {
		_ = old.Close()
		_ = file.Close()
		return fmt.Errorf("lock: %w", err)
	}
	l.file, l.old = file, old
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

// holderIn reads who holds a lock. The holder writes its text a moment after it took the lock, so
// this waits a little for a text that can be read; without one the answer is the zero Holder.
func holderIn(path string) Holder {
	deadline := time.Now().Add(200 * time.Millisecond)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var holder Holder
		if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &holder) == nil {
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
	_ = l.old.Close()
	_ = l.file.Close()
	l.file, l.old = nil, nil
	return true
}

// held reports whether this session has the lock.
func (l *lock) held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file != nil
}
