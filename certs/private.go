package certs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kbootstrap/fault"
)

// private returns an error that names the first file below dir that other users can reach, or nil.
func private(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another run has just renamed its temporary file
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !info.IsDir() && !info.Mode().IsRegular() {
			return fault.StateExposed.Errorf("%s is neither a file nor a directory (%s): put the file itself there",
				path, info.Mode())
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
			return fault.StateExposed.Errorf("%s belongs to user %d, but this is user %d: "+
				"run the tool as its owner, or: chown -R %d %s",
				path, stat.Uid, os.Geteuid(), os.Geteuid(), dir)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			return fault.StateExposed.Errorf("%s has mode %04o, which lets others use it: chmod -R go= %s",
				path, mode, dir)
		}
		return nil
	})
}
