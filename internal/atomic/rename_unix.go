//go:build unix

package atomic

import (
	"fmt"
	"os"
)

// rename gives a file its name, also in the place of another.
func rename(from, to string) error { return os.Rename(from, to) }

// syncDir makes the names in a directory safe on the disk.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return nil
}
