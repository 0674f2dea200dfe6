package node

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// goDirect switches the page cache off for the file. It reports false on file systems that cannot
// do without, such as tmpfs.
func goDirect(file *os.File) bool {
	flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFL, 0)
	if err != nil {
		return false
	}
	_, err = unix.FcntlInt(file.Fd(), unix.F_SETFL, flags|unix.O_DIRECT)
	return err == nil
}

// cached switches the page cache on again.
func (s *sink) cached() error {
	s.direct = false
	flags, err := unix.FcntlInt(s.file.Fd(), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(s.file.Fd(), unix.F_SETFL, flags&^unix.O_DIRECT)
	}
	if err != nil {
		return fmt.Errorf("write through the page cache: %w", err)
	}
	return nil
}
