// Package certs holds every certificate of a cluster: one table says which there are, and the store
// loads or issues them. It is the only room that imports cfssl, and only in sign.go. Start at the
// table in table.go, then Store.Preview, which issues, and Store.Keep, which writes; docs/pki.md is
// the user's view.
package certs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"kbootstrap/internal/private"
)

// Store is the directory on the control machine that holds the keys and certificates of one
// cluster, one file each in clear names: ca.crt, ca.key, etcd/ca.crt, hosts/cp1/etcd-server.crt.
// Several processes may use it at once.
type Store struct {
	dir      string
	patience time.Duration // how long to wait for another run's lock
	unlock   Unlocker      // nil where nothing can be opened
	keys     *Keys         // what it gave
	last     struct {      // what was opened last
		text    []byte
		content sealedContent
	}
}

// At returns the store in a directory, which need not be there: At creates nothing.
//
// Like ssh with a private key, it refuses a store that others can read or that belongs to another
// user. The error names the file, its mode or owner, and the command that puts it right.
func At(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("certificate store: %w", err)
	}
	if err := checkPrivate(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("certificate store: %w", err)
	}
	return &Store{dir: dir, patience: 30 * time.Second}, nil
}

// create returns the store in a directory like At, after it has made the directory with mode 0700
// if there is none. The directory above gets a .gitignore that ignores everything, unless it has
// one: keys do not belong in a repository.
func create(dir string) (*Store, error) {
	if err := private.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("certificate store: %w", err)
	}
	s, err := At(dir)
	if err != nil {
		return nil, err
	}
	if err := ignore(filepath.Join(filepath.Dir(s.dir), ".gitignore")); err != nil {
		return nil, fmt.Errorf("certificate store: %w", err)
	}
	return s, nil
}

// Used reports whether the store has certificates of a cluster already.
func (s *Store) Used() (bool, error) {
	root, err := s.root()
	if err != nil || root == nil {
		return false, err
	}
	defer func() { _ = root.Close() }()
	used, err := isUsed(root)
	if err != nil {
		return false, fmt.Errorf("certificate store: %w", err)
	}
	return used, nil
}

// Hosts returns the hosts that certificates were ever issued for, sorted, also those that the
// inventory no longer has.
func (s *Store) Hosts() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "hosts"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("certificate store: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Public returns what hosts have of the authorities that others may see, by the path on the host:
// certificates and the public key of service accounts. It judges nothing, so that a cluster whose
// authorities have expired can still be told from another. What the store lacks is left out.
func (s *Store) Public() (map[string][]byte, error) {
	root, err := s.root()
	if err != nil || root == nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	found := map[string][]byte{}
	for _, f := range authorityFiles {
		if f.suffix == ".key" || f.signs {
			continue
		}
		for _, dir := range []string{"", nextDir, oldDir} {
			text, err := readIfThere(&tree{dir: root}, path.Join(dir, f.of+f.suffix))
			if err != nil {
				return nil, fmt.Errorf("certificate store: %w", err)
			}
			if text != nil {
				found[f.path+f.suffix] = slices.Concat(found[f.path+f.suffix], text)
			}
		}
	}
	return found, nil
}

// root is the store's directory, so that no name of the inventory leads out of it; nil when it is
// not there.
func (s *Store) root() (*os.Root, error) {
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return root, err
}

// ignore writes a .gitignore that ignores everything next to it and itself; a file that is there is
// left alone.
func ignore(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString("*\n")
	return errors.Join(err, f.Close())
}
