package certs

import (
	"errors"
	"io/fs"
	"path/filepath"

	"kbootstrap/fault"
	"kbootstrap/internal/private"
)

// checkPrivate returns an error that names the first file below dir that other users can reach, or
// nil.
func checkPrivate(dir string) error {
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
		access, err := private.Look(path, info)
		switch {
		case err != nil:
			return err
		case access.Owner != "":
			return fault.StateExposed.Errorf("%s belongs to %s, but this is %s: run the tool as its owner, or: %s",
				path, access.Owner, access.Self, private.Own(dir))
		case access.Read != "":
			return fault.StateExposed.Errorf("%s has %s, which lets others use it: %s",
				path, access.Read, private.CloseAll(dir))
		}
		return nil
	})
}
