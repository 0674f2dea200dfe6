package certs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"kbootstrap/internal/atomic"
)

// Replace has a store of these files take the place of the one that is there, if any, at once: it
// is made next to it. Usable is asked before, and its error leaves everything as it was. What was
// there gets the name kept next to the store, or goes if that is empty.
func (s *Store) Replace(files map[string][]byte, kept string, usable func(*Store) error) error {
	made := &Store{dir: s.dir + ".new", patience: s.patience, unlock: s.unlock}
	if err := os.RemoveAll(made.dir); err != nil { // of a run that was killed
		return err
	}
	if err := made.Take(files); err != nil {
		return err
	}
	if err := usable(made); err != nil {
		return errors.Join(err, os.RemoveAll(made.dir))
	}
	s.keys, s.last = made.keys, made.last
	if _, err := os.Lstat(s.dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(made.dir, s.dir); err != nil {
			return fmt.Errorf("certificate store: %w", err)
		}
		return nil
	}
	if err := atomic.Exchange(made.dir, s.dir); err != nil {
		return fmt.Errorf("certificate store: %w", err)
	}
	if kept == "" {
		return os.RemoveAll(made.dir)
	}
	kept = s.dir + kept
	if err := os.RemoveAll(kept); err != nil {
		return err
	}
	return os.Rename(made.dir, kept)
}

// KnowsAuthorities reports whether each authority of a store, and its key of service accounts, is
// one that the other store has as well, as that of today or as one that comes or goes.
func (s *Store) KnowsAuthorities(other *Store) (bool, error) {
	ours, err := s.Public()
	if err != nil {
		return false, err
	}
	theirs, err := other.Public()
	if err != nil {
		return false, err
	}
	for path, text := range ours {
		if !haveInCommon(keysIn(text), keysIn(theirs[path])) {
			return false, nil
		}
	}
	return true, nil
}

func haveInCommon(some, others [][]byte) bool {
	for _, one := range some {
		for _, other := range others {
			if string(one) == string(other) {
				return true
			}
		}
	}
	return false
}
