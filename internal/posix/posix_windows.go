package posix

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// NoFollow has no counterpart.
const NoFollow = 0

// SIGSTOP is the number that it has in Linux.
const SIGSTOP = syscall.Signal(19)

func statOf(fs.FileInfo) (Stat, bool) { return Stat{}, false }

// Kill fails.
func Kill(int, syscall.Signal) error { return errors.ErrUnsupported }

// Sync fails.
func Sync() error { return errors.ErrUnsupported }

// Umask does nothing: files have no modes.
func Umask(int) {}

// SetNiceness fails.
func SetNiceness(int, int) error { return errors.ErrUnsupported }

// Uptime is not known.
func Uptime() time.Duration { return 0 }

// TryLock fails.
func TryLock(*os.File) error { return errors.ErrUnsupported }

// LockHolder knows none.
func LockHolder(*os.File) (pid int, held bool) { return 0, false }
