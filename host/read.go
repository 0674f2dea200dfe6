package host

import (
	"io"
	"os"

	"kbootstrap/internal/posix"
)

// Open opens a file for reading, but no symbolic link, and does not wait for the other end of a
// pipe: another owner of the directory may have put one in the place of what a look has just found
// there.
func Open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|posix.NoFollow, 0)
}

// ReadFile reads a file that Open opens.
func ReadFile(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
