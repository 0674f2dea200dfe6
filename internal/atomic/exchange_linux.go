package atomic

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Exchange has two files or directories swap their names, at once.
func Exchange(one, other string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, one, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE); err != nil {
		return fmt.Errorf("exchange %s and %s: %w", one, other, err)
	}
	return nil
}
