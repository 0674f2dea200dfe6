package host

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"kbootstrap/internal/posix"
)

// unflushed are the large files that have their names already, but may not be on the disk yet. To
// wait for each as it arrives would take as long as all else together; a power cut before Flush is
// seen by the next run, which believes no sum from before a reboot (see sums.go).
type unflushed struct {
	mu     sync.Mutex
	paths  []string // for this process
	marked bool     // UnflushedMark is there
}

// UnflushedMark is there while a file may not be on the disk yet. When the process that wrote it is
// killed, the next one could not tell: everything is as it should be, in the kernel's memory. It
// lies in /run: a power cut takes it away, and what was not on the disk with it.
const UnflushedMark = "/run/kbootstrap/unflushed"

// Mark is called before a file gets its name.
func (f *Files) Mark() error {
	u := &f.unflushed
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.marked {
		return nil
	}
	if err := f.MkdirAll(f.Path(filepath.Dir(UnflushedMark)), 0o755); err != nil {
		return err
	}
	if err := f.Write(f.Path(UnflushedMark), nil, 0o600); err != nil {
		return err
	}
	u.marked = true
	return nil
}

// Recover makes good for a process that was killed, before another begins to look: what that one
// has written is on the disk when it returns.
func (f *Files) Recover() error {
	if half := f.Path(SumsFile + ".new"); f.Exists(SumsFile + ".new") {
		if err := f.Remove(half); err != nil {
			return err
		}
	}
	if !f.Exists(UnflushedMark) {
		return nil
	}
	err := f.Step(Step{Op: OpSync, Path: string(f.Root)}, posix.Sync)
	if err != nil {
		return err
	}
	return f.unmark()
}

func (f *Files) unmark() error {
	if !f.Exists(UnflushedMark) {
		return nil
	}
	return f.Remove(f.Path(UnflushedMark))
}

// Flush returns when every file that was written through this System is on the disk. A run that has
// flushed survives a power cut.
func (f *Files) Flush() error {
	u := &f.unflushed
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := f.flushFiles(u); err != nil || !u.marked {
		return err
	}
	u.marked = false
	return f.unmark()
}

// flushFiles syncs the large files that were written so far; u is locked.
func (f *Files) flushFiles(u *unflushed) error {
	paths := u.paths
	u.paths = nil
	var problems []error
	for _, path := range paths {
		if err := f.flush(path); err != nil && !Absent(err) {
			problems = append(problems, fmt.Errorf("flush %s: %w", path, err))
			u.paths = append(u.paths, path)
		}
	}
	return errors.Join(problems...)
}

// FlushSoFar is for who is about to remove what the files could be made from again.
func (f *Files) FlushSoFar() error {
	u := &f.unflushed
	u.mu.Lock()
	defer u.mu.Unlock()
	return f.flushFiles(u)
}

// FlushLater notes a large file that has its name, and need not be on the disk before Flush.
func (f *Files) FlushLater(path string) {
	u := &f.unflushed
	u.mu.Lock()
	defer u.mu.Unlock()
	u.paths = append(u.paths, path)
}

func (f *Files) flush(path string) error {
	if err := f.Sync(path); err != nil {
		return err
	}
	return f.Sync(filepath.Dir(path))
}
