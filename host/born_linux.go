package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// Born is when a file or a directory was made, which no later change of it alters. It reports false
// where the file system does not keep that.
func Born(path string) (time.Time, bool) {
	var found unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BTIME, &found)
	if err != nil || found.Mask&unix.STATX_BTIME == 0 {
		return time.Time{}, false
	}
	return time.Unix(found.Btime.Sec, int64(found.Btime.Nsec)), true
}
