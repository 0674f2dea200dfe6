// Package private judges whether a file of the control machine is its user's alone: by owner and
// mode, or in Windows by the access control list. It also makes directories that are. Start at
// Look.
package private

import "io/fs"

// Access says who besides this user can get at a file.
type Access struct {
	Self  string // this user, as a message names them: "user 1000"
	Owner string // who owns the file, if it is another user; else empty
	Root  bool   // that owner is root, who can do everything anyway
	Read  string // why others can read or write the file; empty if they cannot
	Write string // why others can write it; empty if they cannot
}

// Look returns who can get at the file or directory at a path, of which info is known already.
func Look(path string, info fs.FileInfo) (Access, error) { return look(path, info) }
