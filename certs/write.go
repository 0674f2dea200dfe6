package certs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"
)

// content is a file of the store that is to be written.
type content struct {
	name string
	text []byte
}

// pending is what a run has to write. The keys that are never replaced come first, and are safe on
// the disk before anything is that was made with them: whenever a run or the machine dies, the next
// one goes on from there.
type pending struct {
	first, then []content
	// last are the names of files that go when all else is written.
	last []string
}

// isEmpty reports whether there is nothing to write.
func (p pending) isEmpty() bool { return len(p.first)+len(p.then)+len(p.last) == 0 }

// names are those of all files that are written or removed.
func (p pending) names() []string {
	var names []string
	for _, f := range slices.Concat(p.first, p.then) {
		names = append(names, f.name)
	}
	return append(names, p.last...)
}

func (p pending) write(t *tree) error {
	if err := t.write(p.first); err != nil {
		return err
	}
	if err := t.write(p.then); err != nil {
		return err
	}
	return t.remove(p.last)
}

// remove removes files in their order. When it returns, they are gone for good.
func remove(root *os.Root, names []string) error {
	for _, name := range names {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := syncDir(root, path.Dir(name)); err != nil {
			return err
		}
	}
	return nil
}

// write puts files into the store so that each is there wholly or not at all, whenever the machine
// stops. When it returns, they are safe on the disk.
func write(root *os.Root, files []content) error {
	if len(files) == 0 {
		return nil
	}
	dirs, err := makeDirs(root, files)
	if err != nil {
		return err
	}
	// Many at once, because the file system commits waiting files together.
	err = each(files, func(f content) error { return writeTemporary(root, f) })
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := root.Rename(temporary(f.name), f.name); err != nil {
			return err
		}
	}
	return each(dirs, func(dir string) error { return syncDir(root, dir) })
}

// each calls a function with every item, 32 at a time, and returns the first error.
func each[T any](items []T, call func(T) error) error {
	var group errgroup.Group
	group.SetLimit(32)
	for _, item := range items {
		group.Go(func() error { return call(item) })
	}
	return group.Wait()
}

// temporary is the name of a file while it is written. The lock makes it ours; a leftover of a
// killed run is overwritten.
func temporary(name string) string { return path.Join(path.Dir(name), ".tmp-"+path.Base(name)) }

func writeTemporary(root *os.Root, f content) error {
	file, err := root.OpenFile(temporary(f.name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(f.text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// makeDirs makes the directories of files, and returns them and every one above them: a new name is
// safe on the disk only when the directory that holds it is.
func makeDirs(root *os.Root, files []content) ([]string, error) {
	var dirs []string
	for _, f := range files {
		for dir := path.Dir(f.name); ; dir = path.Dir(dir) {
			if slices.Contains(dirs, dir) {
				break
			}
			dirs = append(dirs, dir)
			if dir == "." {
				break
			}
		}
	}
	slices.Sort(dirs) // "." and parents first
	for _, dir := range dirs {
		if dir == "." {
			continue
		}
		if err := root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return dirs, nil
}

func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return errors.Join(fmt.Errorf("sync %s: %w", dir, err), d.Close())
	}
	return d.Close()
}
