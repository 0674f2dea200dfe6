package host

import (
	"context"
	"io/fs"
	"path/filepath"
	"syscall"
)

// Space is what a file, or a directory with all that is in it, takes up on its disk, in bytes. What
// is mounted below is not counted. When ctx ends first, it is what was counted until then, and
// Space reports false.
func Space(ctx context.Context, path string) (bytes int64, whole bool) {
	var device uint64
	err := filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return nil //nolint:nilerr // what cannot be read is not counted
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it is gone by now
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		switch {
		case !ok:
			return nil
		case at == path:
			device = stat.Dev
		case stat.Dev != device && entry.IsDir():
			return fs.SkipDir
		}
		bytes += stat.Blocks * 512 // of 512 bytes each, whatever the file system's are
		return nil
	})
	return bytes, err == nil
}
