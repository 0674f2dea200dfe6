package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// What a lab's directory says is done by root: its root file systems are started, its processes
// killed, its namespaces removed. So it must be root's, and say only what a lab can have.

// readOwn reads a file that only the user of this process can have written.
func readOwn(path string) ([]byte, error) {
	if err := isOwn(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = isOwner(path, info)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}

// isOwn returns an error if a directory is another user's, or if others may write to it.
func isOwn(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return isOwner(dir, info)
}

func isOwner(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return fmt.Errorf("%s: no owner", path)
	case int(stat.Uid) != os.Geteuid():
		return hintedError{fmt.Errorf("%s belongs to user %d, and root does what a lab says", path, stat.Uid),
			"use a directory of root's: kblab up --dir DIR"}
	case info.Mode().Perm()&0o022 != 0:
		return hintedError{fmt.Errorf("others may write to %s, and root does what a lab says", path),
			"chmod go-w " + path}
	}
	return nil
}

// check returns every problem of a state that no lab has: its names become words of commands.
func (s state) check() error {
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(filepath.Join(s.Spec.Dir, stateFile)+": "+format, args...))
	}
	if s.ID != idOf(s.Spec.Dir) {
		problem("id is %q, and that of a lab in this directory is %s", s.ID, idOf(s.Spec.Dir))
	}
	for _, dir := range s.Cgroups {
		if filepath.Clean(dir) != dir || !filepath.IsAbs(dir) || filepath.Base(dir) != cgroupOf(s.ID) {
			problem("%q is not a cgroup of this lab", dir)
		}
	}
	for _, h := range s.Hosts {
		if !subdomain.MatchString(h.Name) {
			problem("the name %q of a host is not an RFC 1123 subdomain", h.Name)
		}
		if h.Base != "" && !filepath.IsAbs(h.Base) {
			problem("%s: base %q is not an absolute path", h.Name, h.Base)
		}
	}
	if s.Kernel != "" && !filepath.IsAbs(s.Kernel) {
		problem("kernel %q is not an absolute path", s.Kernel)
	}
	return errors.Join(problems...)
}
