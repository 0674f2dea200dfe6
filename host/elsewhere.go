//go:build !linux

package host

import (
	"context"
	"io/fs"
	"os"
	"time"
)

// A control machine may run another system than Linux, and hosts do not: there the tool has a
// program for Linux do their work. What only the kernel of a host can tell is unknown here.

// Born reports false: it is not known when a file was made.
func Born(string) (time.Time, bool) { return time.Time{}, false }

// Reserve leaves it to the writing to find out that a disk is full.
func Reserve(*os.File, int64) error { return nil }

// MeasureFsync measures nothing.
func MeasureFsync(context.Context, string) (Fsync, error) { return Fsync{}, nil }

// Space reports false: nothing was counted.
func Space(context.Context, string) (bytes int64, whole bool) { return 0, false }

func isSynchronized() bool { return false }

func (surveyor) fileSystems(paths []string) []FileSystem {
	found := make([]FileSystem, len(paths))
	for i, path := range paths {
		found[i].Path = path
	}
	return found
}

func (*System) diskUse([]string) []DiskUse { return nil }

func (gatherer) cgroup() int { return 0 }

func (gatherer) conntrackWritable(bool) bool { return false }

func (gatherer) diskFree(...string) map[string]int64 { return map[string]int64{} }

func (*Sums) entry(fs.FileInfo) (sumEntry, bool) { return sumEntry{}, false }
