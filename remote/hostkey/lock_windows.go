package hostkey

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock waits for the lock of an open file; the kernel drops it when the file is closed. What is
// locked in Windows cannot be read by others, so it is a byte far behind the end.
func lock(f *os.File) error {
	behind := windows.Overlapped{OffsetHigh: 1 << 30}
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &behind)
}
