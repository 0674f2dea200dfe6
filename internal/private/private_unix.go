//go:build unix

package private

import (
	"fmt"
	"io/fs"
	"os"

	"kbootstrap/internal/posix"
)

func look(_ string, info fs.FileInfo) (Access, error) {
	a := Access{Self: fmt.Sprintf("user %d", os.Geteuid())}
	if stat, ok := posix.StatOf(info); ok && stat.UID != os.Geteuid() {
		a.Owner, a.Root = fmt.Sprintf("user %d", stat.UID), stat.UID == 0
	}
	mode := info.Mode().Perm()
	if mode&0o077 != 0 {
		a.Read = fmt.Sprintf("mode %04o", mode)
	}
	if mode&0o022 != 0 {
		a.Write = fmt.Sprintf("mode %04o", mode)
	}
	return a, nil
}

// MkdirAll makes a directory that only this user may enter, and those above it where they are
// missing.
func MkdirAll(dir string) error { return os.MkdirAll(dir, 0o700) }

// Own is the command that gives all below a path to this user.
func Own(path string) string { return fmt.Sprintf("chown -R %d %s", os.Geteuid(), path) }

// Close is the command that leaves a file to its owner alone.
func Close(path string) string { return "chmod 600 " + path }

// CloseAll is the command that does so for a directory and all below it.
func CloseAll(dir string) string { return "chmod -R go= " + dir }

// StopWriting is the command that keeps others from writing to a file.
func StopWriting(path string) string { return "chmod go-w " + path }

// StopWritingAll is the command that does so for a directory and all below it.
func StopWritingAll(dir string) string { return "chmod -R go-w " + dir }

// Remove is the command that removes a directory and all below it.
func Remove(dir string) string { return "rm -r " + dir }
