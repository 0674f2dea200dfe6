package resource

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host"
)

// Tree is a directory with all that is below it. It is wanted only as Absent, by reset: what was
// removed cannot be put back, so applying a Tree that is not absent changes nothing and fails when
// the tree is gone.
type Tree struct {
	Path string // absolute, below System.Root, at least two levels deep
	// the tree is gone, but for what Keep names, and for the directory itself where a disk is
	// mounted on it
	Absent bool
	Keep   []string // paths that stay, absolute or relative to Path, with the directories that lead to them
}

// ID is "tree PATH".
func (t Tree) ID() string { return "tree " + t.Path }

// State is "present" or empty.
func (t Tree) State() string { return States(Flag("present", !t.Absent)) }

// Observe reports whether anything is there that does not stay.
func (t Tree) Observe(_ context.Context, sys *host.System) (Resource, error) {
	found := Tree{Path: t.Path, Keep: t.Keep}
	rest, err := t.rest(sys)
	found.Absent = len(rest) == 0
	return found, err
}

// Apply removes the tree. What is mounted below it is unmounted first: a removal must not reach
// into a pod's volume.
func (t Tree) Apply(ctx context.Context, sys *host.System) error {
	path := sys.Path(t.Path)
	if !t.Absent {
		if _, err := os.Lstat(path); err != nil {
			return fmt.Errorf("a tree that was removed cannot be put back: %w", err)
		}
		return nil
	}
	if clean := filepath.Clean(t.Path); clean != t.Path || strings.Count(clean, "/") < 2 || clean[0] != '/' {
		return fmt.Errorf("%s: too near to the root to be removed as a tree", t.Path)
	}
	if err := (Mounts{Under: t.Path, Absent: true}).Apply(ctx, sys); err != nil {
		return err
	}
	rest, err := t.rest(sys)
	if err != nil {
		return err
	}
	if err := sys.Mark(); err != nil {
		return err
	}
	for _, r := range rest {
		if err := sys.RemoveAll(r); err != nil {
			return err
		}
		if err := sys.Sync(filepath.Dir(r)); err != nil { // a power cut would bring it back
			return err
		}
	}
	return nil
}

// rest lists what is to be removed: the tree, or what is in it when the directory is where the host
// has mounted a disk.
func (t Tree) rest(sys *host.System) ([]string, error) {
	path := sys.Path(t.Path)
	if _, err := os.Lstat(path); host.Absent(err) {
		return nil, nil
	}
	points, err := sys.MountPoints()
	if err != nil {
		return nil, err
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil && resolved == path && slices.Contains(points, path) {
		return t.condemnedIn(sys, path)
	}
	return t.condemned(sys, path)
}

// condemned lists what is to be removed at a path or below it: the path itself unless something of
// it stays.
func (t Tree) condemned(sys *host.System, path string) ([]string, error) {
	leads := false
	for _, k := range t.Keep {
		if !filepath.IsAbs(k) {
			k = filepath.Join(t.Path, k)
		}
		kept := sys.Path(k)
		if kept == path {
			return nil, nil
		}
		if _, err := os.Lstat(kept); err == nil && strings.HasPrefix(kept, path+"/") {
			leads = true
		}
	}
	if !leads {
		return []string{path}, nil
	}
	return t.condemnedIn(sys, path)
}

func (t Tree) condemnedIn(sys *host.System, path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		below, err := t.condemned(sys, filepath.Join(path, e.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, below...)
	}
	return list, nil
}
