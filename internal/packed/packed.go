// Package packed keeps the compressed forms of the tool's own program in the user's cache: hosts
// get it in one form to begin with, and in another one to keep, and a build is compressed once for
// all runs. Start at File.
package packed

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kbootstrap/internal/atomic"
)

// unused is how long a form that no run has used is kept.
const unused = 24 * time.Hour

// endings are those of the names of forms.
var endings = []string{".gz", ".zst"}

// Find returns the path of a form that is there, and notes that it is used.
func Find(name string) (path string, ok bool) {
	dir, err := directory()
	if err != nil {
		return "", false
	}
	path = filepath.Join(dir, name)
	now := time.Now()
	return path, os.Chtimes(path, now, now) == nil
}

// File returns the path of a form, and makes it if it is not there.
func File(name string, fill func(io.Writer) error) (string, error) {
	path, ok := Find(name)
	if ok {
		return path, nil
	}
	dir, err := directory()
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := sweep(dir, time.Now()); err != nil {
		return "", err
	}
	return path, atomic.Write(path, 0o644, fill)
}

// Remove removes a form.
func Remove(name string) {
	if dir, err := directory(); err == nil {
		_ = os.Remove(filepath.Join(dir, name)) // it is a cache
	}
}

func directory() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "kbootstrap", "program"), err
}

// sweep removes the forms that no run has used for a while.
func sweep(dir string, now time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || now.Sub(info.ModTime()) < unused || !isOurs(e.Name()) {
			continue // it is gone by now, or in use
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// isOurs reports whether a file is a form, or what a process that ended left of one.
func isOurs(name string) bool {
	return slices.Contains(endings, filepath.Ext(name)) || strings.HasPrefix(name, ".")
}
