package atomic

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that is written bit by bit, and has its name only when it is whole.
type File struct {
	*os.File
	path string
}

// Create begins a file with exactly this mode. Call Commit in the end, and always Discard.
func Create(path string, mode fs.FileMode) (*File, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, err
	}
	if err := temp.Chmod(mode); err != nil {
		return nil, errors.Join(err, temp.Close(), os.Remove(temp.Name()))
	}
	return &File{temp, path}, nil
}

// Commit gives the file its name, in place of the one that has it. When it returns without an
// error, the file is safe on the disk.
func (f *File) Commit() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := rename(f.Name(), f.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(f.path))
}

// Discard removes what was written, unless it was committed.
func (f *File) Discard() {
	_ = f.Close()
	_ = os.Remove(f.Name()) // finds nothing once the file is renamed
}
