// Package atomic writes files on the control machine so that each is there whole or not at all:
// whenever the process or the machine stops, the path has the old content or the new one. Start at
// WriteFile.
//
// A host's files are written by package resource, whose every step is numbered, and the certificate
// store writes many files as one (certs/write.go); neither fits here.
package atomic

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile writes a file with exactly this mode, and replaces the one that is there. Readers see
// the old content or the new one. When WriteFile returns without an error, the new content is safe
// on the disk. Several callers may write the same path at once; the last rename wins.
func WriteFile(path string, content []byte, mode fs.FileMode) error {
	return Write(path, mode, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Write is WriteFile for a content that need not be in memory. If fill fails, the old content
// stays.
func Write(path string, mode fs.FileMode, fill func(io.Writer) error) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // its mode is 0600 until all of it is written
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // finds nothing once the file is renamed
	err = fill(temp)
	if err == nil {
		err = errors.Join(temp.Chmod(mode), temp.Sync())
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := rename(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}
