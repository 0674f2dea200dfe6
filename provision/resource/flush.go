package resource

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
)

// unflushed are the large files that have their names already, but may not be on the disk yet. To wait for each as it
// arrives would take as long as all else together; a power cut before Flush is seen by the next run, which believes no
// sum from before a reboot (see sums.go).
type unflushed struct {
	mu    sync.Mutex
	paths []string // for this process
}

func (u *unflushed) add(path string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.paths = append(u.paths, path)
}

// Flush returns when every file that was written through this System is on the disk. A run that has flushed survives a
// power cut.
func (s *System) Flush() error {
	u := &s.shared.unflushed
	u.mu.Lock()
	paths := u.paths
	u.paths = nil
	u.mu.Unlock()
	var problems []error
	for _, path := range paths {
		if err := s.flush(path); err != nil && !absent(err) {
			problems = append(problems, fmt.Errorf("flush %s: %w", path, err))
			u.add(path)
		}
	}
	return errors.Join(problems...)
}

func (s *System) flush(path string) error {
	if err := s.Sync(path); err != nil {
		return err
	}
	return s.Sync(filepath.Dir(path))
}
