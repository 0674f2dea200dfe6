package host

import "time"

// FileSystem is the file system that holds a path, or would when the path is made.
type FileSystem struct {
	Path       string // as asked for
	Device     uint64 // the same for two paths on one file system
	Bytes      int64  // its size
	FreeBytes  int64  // what a user may still write
	Inodes     int64  // how many files it can have; 0 when there is no limit
	FreeInodes int64
	ReadOnly   bool
	NoExec     bool
}

// Fsync is how long a disk takes to keep a small write.
type Fsync struct {
	Writes        int
	P50, P99, Max time.Duration
}
