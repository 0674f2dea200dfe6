package resource

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
	// Inside says that the directory itself stays, and only what is in it goes.
	Inside bool  `json:",omitempty"`
	Bytes  int64 `json:",omitempty"` // only in a found value: what it takes up, counted for some seconds
}

// ID is "tree PATH".
func (t Tree) ID() string { return "tree " + t.Path }

// State is "present" or empty.
func (t Tree) State() string { return States(Flag("present", !t.Absent)) }

// Observe reports whether anything is there that does not stay.
func (t Tree) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := Tree{Path: t.Path, Keep: t.Keep, Inside: t.Inside}
	rest, err := t.rest(sys)
	found.Absent = len(rest) == 0
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	for _, path := range rest {
		bytes, _ := host.Space(ctx, path)
		found.Bytes += bytes
	}
	return found, err
}

// countTime bounds how long the size of a tree is counted.
const countTime = 10 * time.Second

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
	if err := MayRemove(t.Path); err != nil {
		return err
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

// MayRemove returns an error for a path that no tree may be removed at.
func MayRemove(path string) error {
	if clean := filepath.Clean(path); clean != path || strings.Count(clean, "/") < 2 || clean[0] != '/' {
		return fmt.Errorf("%s: too near to the root to be removed as a tree", path)
	}
	return nil
}

// Rest lists what is to be removed, as paths of the machine.
func (t Tree) Rest(sys *host.System) ([]string, error) {
	rest, err := t.rest(sys)
	for i, path := range rest {
		rest[i] = sys.Name(path)
	}
	return rest, err
}

// rest lists what is to be removed: the tree, or what is in it when the directory is where the host
// has mounted a disk.
func (t Tree) rest(sys *host.System) ([]string, error) {
	path := sys.Path(t.Path)
	if _, err := os.Lstat(path); host.Absent(err) {
		return nil, nil
	}
	if info, err := os.Stat(path); t.Inside && err == nil && info.IsDir() {
		return t.condemnedIn(sys, path)
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
