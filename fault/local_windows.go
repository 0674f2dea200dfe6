package fault

import (
	"errors"
	"syscall"
)

// The numbers of the kernel; those of Unix in package syscall are Go's own.
const (
	writeProtect   = syscall.Errno(19)
	handleDiskFull = syscall.Errno(39)
	diskFull       = syscall.Errno(112)
	quotaExceeded  = syscall.Errno(1295)
)

// isFull reports whether a disk of this machine, or the user's part of it, is full.
func isFull(err error) bool {
	return errors.Is(err, diskFull) || errors.Is(err, handleDiskFull) || errors.Is(err, quotaExceeded)
}

// isReadOnly reports whether a file system of this machine takes no changes.
func isReadOnly(err error) bool { return errors.Is(err, writeProtect) }
