//go:build unix

package hostkey

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock waits for the lock of an open file; the kernel drops it when the file is closed.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX) }
