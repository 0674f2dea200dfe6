package certs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"kbootstrap/fault"
)

// tree is the files of a store as one run sees them: each in a file of its own, or, in a store that
// is sealed, the secret ones together in the sealed file.
type tree struct {
	dir    *os.Root          // nil where there is no store
	sealed map[string][]byte // the secret files; nil in a store that is not sealed
	seal   func(map[string][]byte) ([]byte, error)
}

// tree opens the files of the store, also the sealed ones. The caller closes it.
func (s *Store) tree() (*tree, error) {
	dir, err := s.root()
	if err != nil {
		return nil, err
	}
	t := &tree{dir: dir}
	if err := t.open(s); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (t *tree) open(s *Store) error {
	text, err := readIfThere(t, SealedName)
	if err != nil || text == nil {
		return err
	}
	content, err := s.unseal(text)
	if err != nil {
		return err
	}
	t.sealed, t.seal = content.Files, content.seal
	return t.checkLeftovers(s.dir)
}

func (t *tree) close() error {
	if t.dir == nil {
		return nil
	}
	return t.dir.Close()
}

// isSecret reports whether a file of the store is its owner's alone: all but certificates
// and public keys.
func isSecret(name string) bool {
	suffix := path.Ext(name)
	return suffix != ".crt" && suffix != ".pub"
}

// readIfThere reads a file of the store, and nil when there is none, or no store.
func readIfThere(t *tree, name string) ([]byte, error) {
	if t.sealed != nil && isSecret(name) {
		return t.sealed[name], nil
	}
	if t.dir == nil {
		return nil, nil
	}
	text, err := t.dir.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && text == nil {
		text = []byte{} // an empty file is there
	}
	return text, err
}

// write puts files into the store. In one that is sealed all that are secret come at once, and
// before the others.
func (t *tree) write(files []content) error {
	if t.sealed == nil {
		return write(t.dir, files)
	}
	var open []content
	sealed := maps.Clone(t.sealed)
	for _, f := range files {
		if isSecret(f.name) {
			sealed[f.name] = f.text
		} else {
			open = append(open, f)
		}
	}
	if err := t.writeSealed(sealed); err != nil {
		return err
	}
	return write(t.dir, open)
}

// remove removes files in their order. In a store that is sealed those that are secret go last, and
// all at once.
func (t *tree) remove(names []string) error {
	if t.sealed == nil {
		return remove(t.dir, names)
	}
	sealed := maps.Clone(t.sealed)
	var open []string
	for _, name := range names {
		if isSecret(name) {
			delete(sealed, name)
		} else {
			open = append(open, name)
		}
	}
	if err := remove(t.dir, open); err != nil {
		return err
	}
	return t.writeSealed(sealed)
}

// writeSealed writes the sealed file, if what is in it changes. Before that leftovers go, which say
// the same only so far.
func (t *tree) writeSealed(files map[string][]byte) error {
	if maps.EqualFunc(files, t.sealed, bytes.Equal) {
		return nil
	}
	names, err := secretFiles(t.dir)
	if err != nil {
		return err
	}
	if err := remove(t.dir, names); err != nil {
		return err
	}
	text, err := t.seal(files)
	if err != nil {
		return err
	}
	if err := write(t.dir, []content{{SealedName, text}}); err != nil {
		return err
	}
	t.sealed = files
	return nil
}

// checkLeftovers finds secret files in the clear in a store that is sealed. A run that was killed
// while it sealed or unsealed the store leaves such files; they say what the sealed file says. One
// that does not is an error: its owner has put it there, and one of the two would be lost.
func (t *tree) checkLeftovers(dir string) error {
	names, err := secretFiles(t.dir)
	if err != nil {
		return err
	}
	var others []string
	for _, name := range names {
		text, err := t.dir.ReadFile(name)
		if err != nil {
			return err
		}
		if sealed, ok := t.sealed[name]; !ok || !bytes.Equal(sealed, text) {
			others = append(others, name)
		}
	}
	if others != nil {
		return fault.StateMixed.Errorf("%s is sealed, and next to its sealed file are secrets in the clear that "+
			"it does not have so: %s", dir, strings.Join(others, ", "))
	}
	return nil
}

// secretFiles are the names of the files in the clear that are secret, sorted.
func secretFiles(dir *os.Root) ([]string, error) {
	var names []string
	err := fs.WalkDir(dir.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() || !isSecret(name) || name == SealedName || strings.HasPrefix(base, ".") {
			return nil
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("secrets in the clear: %w", err)
	}
	slices.Sort(names)
	return names, nil
}
