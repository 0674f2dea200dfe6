//go:build unix

package fault

import (
	"errors"
	"syscall"
)

// isFull reports whether a disk of this machine, or the user's part of it, is full.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// isReadOnly reports whether a file system of this machine takes no changes.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
