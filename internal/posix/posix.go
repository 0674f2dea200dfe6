// Package posix has the calls of Unix that the half of the tool on hosts makes, so that the tool
// compiles for a control machine with Windows, where that half never runs: there each of them fails
// or knows nothing. What differs on the control machine itself is in package private and in the
// files *_windows.go of the rooms.
package posix

import "io/fs"

// Stat is what only Unix tells of a file.
type Stat struct {
	UID, GID int
	Links    uint64
}

// StatOf returns what Unix tells of a file, and false where it tells nothing.
func StatOf(info fs.FileInfo) (Stat, bool) { return statOf(info) }
