package certs

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
)

// Take writes files of a backup into the store, which it makes if need be: keys first, so that a
// run that is cut off leaves nothing that was made with keys which are not there. A file that is
// there is left alone.
func (s *Store) Take(files map[string][]byte) error {
	if len(files) == 0 {
		return nil
	}
	if _, err := create(s.dir); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	if err := errors.Join(s.take(files), unlock()); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return nil
}

func (s *Store) take(files map[string][]byte) error {
	root, err := s.tree()
	if err != nil {
		return err
	}
	defer func() { _ = root.close() }()
	var todo pending
	for _, name := range slices.Sorted(maps.Keys(files)) {
		is, err := readIfThere(root, name)
		switch {
		case err != nil:
			return err
		case is != nil:
		case path.Ext(name) == ".key" && path.Dir(name) != "hosts":
			todo.first = append(todo.first, content{name, files[name]})
		default:
			todo.then = append(todo.then, content{name, files[name]})
		}
	}
	return todo.write(root)
}

// Fingerprints returns those of the store; see FingerprintsOf.
func (s *Store) Fingerprints() (map[string]string, error) {
	root, err := s.tree()
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.close() }()
	return fingerprints(func(name string) ([]byte, error) { return readIfThere(root, name) })
}

// FingerprintsOf returns what tells the keys of one cluster from those of another, by the names of
// their files in the store: sums of the public keys of the authorities and of service accounts, so
// that an authority may be renewed, and of the keys that secrets are encrypted with. What is not
// there is left out.
func FingerprintsOf(files map[string][]byte) (map[string]string, error) {
	return fingerprints(func(name string) ([]byte, error) { return files[name], nil })
}
