package resource

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// withInput gives a program its input in a file: a System's Run has no other way in. The file has
// no name, so that nothing of it is left when this process is killed.
func withInput(input string, use func(path string) error) error {
	fd, err := unix.MemfdCreate("input", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "input")
	defer f.Close()
	if _, err := f.WriteString(input); err != nil {
		return err
	}
	return use(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd))
}
