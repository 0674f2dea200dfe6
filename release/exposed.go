package release

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kbootstrap/fault"
)

// cacheDirs are the directories in a cache.
var cacheDirs = []string{"blobs", "deltas", "index", "locks", "tmp"}

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
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return fault.CacheExposed.Errorf("artifact cache: %s belongs to user %d, but this is user %d: use another "+
			"directory with KBOOTSTRAP_CACHE, or: rm -r %s", path, stat.Uid, os.Geteuid(), dir)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fault.CacheExposed.Errorf("artifact cache: %s has mode %04o, which lets others write to it: if none "+
			"has, chmod -R go-w %s; else rm -r %s", path, mode, dir, dir)
	}
	return nil
}
