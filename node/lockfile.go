package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/posix"
)

// makeDir makes the directory of the lock, and refuses one in which another user may write.
func (l *lock) makeDir() error {
	if err := l.sys.MkdirAll(l.dir(), 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(l.dir())
	if err != nil {
		return err
	}
	if !info.IsDir() || !isOurs(info) || info.Mode().Perm() != 0o700 {
		return fault.LockDirForeign.Errorf("%s is not a directory that root alone may enter: %s", l.dir(), info.Mode())
	}
	return nil
}

// open opens a file of a lock, and makes it where it is not. It follows no link.
func (l *lock) open(path string) (file *os.File, err error) {
	err = l.sys.Step(host.Step{Op: host.OpCreate, Path: path}, func() (err error) {
		// The descriptor is close-on-exec, as all of Go's: a child that outlived the node would
		// otherwise keep the lock.
		file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|posix.NoFollow, 0o600)
		return err
	})
	return file, err
}

// flock takes the lock of an open file, which is closed where that fails.
func (l *lock) flock(file *os.File, holderPath string) error {
	err := l.sys.Step(host.Step{Op: host.OpLock, Path: file.Name()}, func() error {
		return posix.TryLock(file)
	})
	if err == nil {
		return nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return &LockedError{Holder: holderIn(holderPath)}
	}
	return fmt.Errorf("lock %s: %w", file.Name(), err)
}

// takeOld takes the lock of earlier versions, which have it in /run/lock, so that one of them and
// this one do not change a host at once. What lies there and is not a file that root alone may open
// was put there by another user; it is left alone, because it would stop every run.
func (l *lock) takeOld() (*os.File, error) {
	dir := filepath.Join(l.root, "run/lock")
	if err := l.sys.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	file, err := l.open(filepath.Join(dir, "kbootstrap.lock"))
	for _, theirs := range []error{syscall.ELOOP, syscall.EISDIR, syscall.ENXIO, fs.ErrPermission} {
		if errors.Is(err, theirs) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	if !info.Mode().IsRegular() || !isOurs(info) || info.Mode().Perm()&0o077 != 0 {
		_ = file.Close()
		return nil, nil
	}
	return file, l.flock(file, filepath.Join(dir, "kbootstrap.json"))
}

// isOurs reports whether a file belongs to the user of this process, which is root on a host.
func isOurs(info fs.FileInfo) bool {
	stat, ok := posix.StatOf(info)
	return ok && stat.UID == os.Geteuid()
}
