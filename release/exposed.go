package release

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"kbootstrap/fault"
	"kbootstrap/internal/private"
)

// cacheDirs are the directories in a cache.
var cacheDirs = []string{"blobs", "deltas", "index", "locks", "plain", "tmp"}

// exposed returns an error that names the first part of a cache that another user could have
// written: whoever can write an index can say what the members of an archive are. Others may read.
func exposed(dir string) error {
	paths := []string{dir}
	for _, sub := range cacheDirs {
		paths = append(paths, filepath.Join(dir, sub))
	}
	for _, path := range paths {
		if err := foreign(path, dir); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "index"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		err := foreign(filepath.Join(dir, "index", e.Name()), dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// foreign returns an error if another user than this one owns or can write to the path.
func foreign(path, dir string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	access, err := private.Look(path, info)
	switch {
	case err != nil:
		return err
	case access.Owner != "":
		return fault.CacheExposed.Errorf("artifact cache: %s belongs to %s, but this is %s: use another "+
			"directory with KBOOTSTRAP_CACHE, or: %s", path, access.Owner, access.Self, private.Remove(dir))
	case access.Write != "":
		return fault.CacheExposed.Errorf("artifact cache: %s has %s, which lets others write to it: if none "+
			"has, %s; else %s", path, access.Write, private.StopWritingAll(dir), private.Remove(dir))
	}
	return nil
}
