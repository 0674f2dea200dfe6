package host

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// fileSystems looks at the file systems of the paths.
func (s surveyor) fileSystems(paths []string) []FileSystem {
	found := make([]FileSystem, len(paths))
	for i, path := range paths {
		found[i] = FileSystem{Path: path}
		place := s.Nearest(path)
		var fs unix.Statfs_t
		var file unix.Stat_t
		if unix.Statfs(place, &fs) != nil || unix.Stat(place, &file) != nil {
			continue
		}
		found[i] = FileSystem{
			Path: path, Device: uint64(file.Dev), //nolint:unconvert // it is 32 bits wide on some architectures
			Bytes: int64(fs.Blocks) * fs.Bsize, FreeBytes: int64(fs.Bavail) * fs.Bsize,
			Inodes: int64(fs.Files), FreeInodes: int64(fs.Ffree),
			ReadOnly: fs.Flags&unix.ST_RDONLY != 0, NoExec: fs.Flags&unix.ST_NOEXEC != 0,
		}
	}
	return found
}

// diskUse is how full the file systems of the directories are.
func (s *System) diskUse(dirs []string) []DiskUse {
	var disks []DiskUse
	for _, dir := range dirs {
		var stat unix.Statfs_t
		if unix.Statfs(s.Nearest(dir), &stat) == nil {
			disks = append(disks, DiskUse{
				Path: dir, Free: int64(stat.Bavail) * stat.Bsize, Total: int64(stat.Blocks) * stat.Bsize,
			})
		}
	}
	return disks
}

// MeasureFsync writes to a file without a name, so that nothing can be left behind. Where the file
// system knows no such files, nothing is measured.
func MeasureFsync(ctx context.Context, dir string) (Fsync, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	switch {
	case errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR):
		return Fsync{}, nil
	case err != nil:
		return Fsync{}, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	file := os.NewFile(uintptr(fd), dir)
	defer file.Close()
	// Random bytes: a file system that compresses, or knows zeros, would flatter the disk.
	block := make([]byte, fsyncBytes)
	_, _ = rand.Read(block) // it never fails
	var took []time.Duration
	for begin := time.Now(); len(took) < fsyncWrites && time.Since(begin) < fsyncLimit && ctx.Err() == nil; {
		if _, err := file.Write(block); err != nil {
			return Fsync{}, err
		}
		start := time.Now()
		if err := unix.Fdatasync(int(file.Fd())); err != nil {
			return Fsync{}, err
		}
		took = append(took, time.Since(start))
	}
	if len(took) == 0 {
		return Fsync{}, context.Cause(ctx)
	}
	slices.Sort(took)
	rank := func(percent int) time.Duration { return took[(len(took)*percent+99)/100-1] } // the nearest rank
	return Fsync{Writes: len(took), P50: rank(50), P99: rank(99), Max: took[len(took)-1]}, nil
}

// The bounds of Fsync: so many writes at most, for so long at most. A disk that is too slow for
// that is slow enough to be told of.
const (
	fsyncWrites = 60
	fsyncLimit  = 500 * time.Millisecond
	// fsyncBytes is the size of etcd's usual write, which its own advice for measuring disks takes
	// (etcd.io, "disk").
	fsyncBytes = 2300
)
