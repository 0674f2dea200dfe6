package resource

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Dir is a directory.
type Dir struct {
	Path   string // absolute, below System.Root
	Mode   uint32 // permission bits; 0 means 0755
	Owner  string // "user:group", by name or number; "" means root:root
	Absent bool   // removes only an empty directory: one that holds something is not ours, and counts as gone
}

// ID is "dir PATH".
func (d Dir) ID() string { return "dir " + d.Path }

// State shows the mode and the owner.
func (d Dir) State() string {
	if d.Absent {
		return ""
	}
	return States(modeState(d.Mode, 0o755), ownerState(d.Owner))
}

// Observe looks behind a symbolic link: /var/run is a directory to us.
func (d Dir) Observe(_ context.Context, sys *host.System) (Resource, error) {
	path := sys.Path(d.Path)
	info, err := os.Stat(path)
	switch {
	case host.Absent(err):
		return Dir{Path: d.Path, Absent: true}, nil
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fault.PathOccupied.Errorf("%s: is not a directory", path)
	}
	if d.Absent {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 {
			return Dir{Path: d.Path, Absent: true}, nil
		}
	}
	owner, err := sys.OwnerOf(info, d.Owner)
	return Dir{Path: d.Path, Mode: uint32(info.Mode().Perm()), Owner: owner}, err
}

// Apply makes the directory and those that lead to it, or removes it when it is empty.
func (d Dir) Apply(_ context.Context, sys *host.System) error {
	path := sys.Path(d.Path)
	if d.Absent {
		if err := sys.Mark(); err != nil {
			return err
		}
		err := sys.Remove(path)
		switch {
		case host.Absent(err), errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EBUSY):
			return nil
		case err != nil:
			return err
		}
		return sys.Sync(filepath.Dir(path))
	}
	uid, gid, err := sys.Ids(d.Owner)
	if err != nil {
		return err
	}
	if err := sys.Mkdirs(path); err != nil {
		return err
	}
	if err := sys.Mark(); err != nil {
		return err
	}
	mode := d.Mode
	if mode == 0 {
		mode = 0o755
	}
	if err := sys.Chown(path, uid, gid); err != nil {
		return err
	}
	if err := sys.Chmod(path, fs.FileMode(mode)); err != nil {
		return err
	}
	return sys.Sync(path) // its owner and its mode
}

// Writes returns the directory: a name, and no bytes.
func (d Dir) Writes() []Write { return []Write{{Path: "/", Files: 1}} }
