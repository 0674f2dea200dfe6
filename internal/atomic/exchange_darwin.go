package atomic

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Exchange has two files or directories swap their names, at once.
func Exchange(one, other string) error {
	if err := unix.RenamexNp(one, other, unix.RENAME_SWAP); err != nil {
		return fmt.Errorf("exchange %s and %s: %w", one, other, err)
	}
	return nil
}
