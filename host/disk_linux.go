package host

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Reserve takes the disk space of a file before its first byte arrives, so that a full disk is
// known at once and by its numbers. A file system that cannot do that finds out while writing.
func Reserve(file *os.File, size int64) error {
	if size <= 0 {
		return nil
	}
	err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if !errors.Is(err, unix.ENOSPC) {
		return nil
	}
	var stat unix.Statfs_t
	if unix.Fstatfs(int(file.Fd()), &stat) != nil {
		return fmt.Errorf("needs %d bytes: %w", size, err)
	}
	return fmt.Errorf("needs %d bytes, %s has %d: %w", size, file.Name(), int64(stat.Bavail)*stat.Bsize, err)
}
