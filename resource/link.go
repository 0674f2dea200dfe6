package resource

import (
	"context"
	"io/fs"
	"os"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Link is a symbolic link. It is replaced atomically, so that a program behind it is always the old
// or the new one.
type Link struct {
	Path, Target string
	Absent       bool
	Instead      *File `json:",omitempty"` // only in a found value: a regular file is in the link's place
}

// ID is "link PATH".
func (l Link) ID() string { return "link " + l.Path }

// State shows the target.
func (l Link) State() string {
	switch {
	case l.Absent:
		return ""
	case l.Instead != nil:
		return "regular file instead\n" + l.Instead.State()
	}
	return States("target " + l.Target)
}

// Observe reads the link. A directory in its place is an error: only its owner may remove it.
func (l Link) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	path := sys.Path(l.Path)
	info, err := os.Lstat(path)
	switch {
	case host.Absent(err):
		return Link{Path: l.Path, Absent: true}, nil
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		found, err := File{Path: l.Path}.Observe(ctx, sys)
		if err != nil {
			return nil, err
		}
		file, _ := found.(File)
		return Link{Path: l.Path, Instead: &file}, nil
	case info.Mode().Type() != fs.ModeSymlink:
		return nil, fault.PathOccupied.Errorf("%s: is not a symbolic link but %s", path, info.Mode().Type())
	}
	target, err := os.Readlink(path)
	return Link{Path: l.Path, Target: target}, err
}

// Apply replaces the link in one step.
func (l Link) Apply(ctx context.Context, sys *host.System) error {
	path := sys.Path(l.Path)
	switch {
	case l.Instead != nil:
		return l.Instead.Apply(ctx, sys)
	case l.Absent:
		return sys.RemoveFile(path)
	}
	r, err := sys.Replacing(path)
	if err != nil {
		return err
	}
	defer r.Discard()
	// A link cannot be made over a file: the name that was reserved becomes the link's.
	if err := sys.Remove(r.Temp); err != nil {
		return err
	}
	if err := sys.Symlink(l.Target, r.Temp); err != nil {
		return err
	}
	return r.Rename()
}

// Writes returns the link: a name, and no bytes.
func (l Link) Writes() []Write { return []Write{{Path: "/", Files: 1}} }

// LargeFile returns the file that is in the link's place if its content is not in the value.
func (l Link) LargeFile() (File, bool) {
	if l.Instead == nil {
		return File{}, false
	}
	return l.Instead.LargeFile()
}
