package resource

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
)

// unflushed are the large files that have their names already, but may not be on the disk yet. To wait for each as it
// arrives would take as long as all else together; a power cut before Flush is seen by the next run, which believes no
// sum from before a reboot (see sums.go).
type unflushed struct {
	mu     sync.Mutex
	paths  []string // for this process
	marked bool     // unflushedMark is there
}

// unflushedMark is there while a file may not be on the disk yet. When the process that wrote it is killed, the next one
// could not tell: everything is as it should be, in the kernel's memory. It lies in /run: a power cut takes it away, and
// what was not on the disk with it.
const unflushedMark = "/run/kbootstrap/unflushed"

// mark is called before a file gets its name.
func (s *System) mark() error {
	u := &s.shared.unflushed
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.marked {
		return nil
	}
	if err := s.MkdirAll(s.path(filepath.Dir(unflushedMark)), 0o755); err != nil {
		return err
	}
	if err := s.Write(s.path(unflushedMark), nil, 0o600); err != nil {
		return err
	}
	u.marked = true
	return nil
}

// Recover makes good for a process that was killed, before another begins to look: what that one has written is on the
// disk when it returns.
func (s *System) Recover() error {
	if half := s.path(sumsFile + ".new"); s.exists(sumsFile + ".new") {
		if err := s.Remove(half); err != nil {
			return err
		}
	}
	if !s.exists(unflushedMark) {
		return nil
	}
	err := s.Step(Step{Op: OpSync, Path: s.Root}, func() error { syscall.Sync(); return nil })
	if err != nil {
		return err
	}
	return s.unmark()
}

func (s *System) unmark() error {
	if !s.exists(unflushedMark) {
		return nil
	}
	return s.Remove(s.path(unflushedMark))
}

// Flush returns when every file that was written through this System is on the disk. A run that has flushed survives a
// power cut.
func (s *System) Flush() error {
	u := &s.shared.unflushed
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := s.flushFiles(u); err != nil || !u.marked {
		return err
	}
	u.marked = false
	return s.unmark()
}

// flushFiles syncs the large files that were written so far; u is locked.
func (s *System) flushFiles(u *unflushed) error {
	paths := u.paths
	u.paths = nil
	var problems []error
	for _, path := range paths {
		if err := s.flush(path); err != nil && !absent(err) {
			problems = append(problems, fmt.Errorf("flush %s: %w", path, err))
			u.paths = append(u.paths, path)
		}
	}
	return errors.Join(problems...)
}

// flushSoFar is for who is about to remove what the files could be made from again.
func (s *System) flushSoFar() error {
	u := &s.shared.unflushed
	u.mu.Lock()
	defer u.mu.Unlock()
	return s.flushFiles(u)
}

func (u *unflushed) add(path string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.paths = append(u.paths, path)
}

func (s *System) flush(path string) error {
	if err := s.Sync(path); err != nil {
		return err
	}
	return s.Sync(filepath.Dir(path))
}
