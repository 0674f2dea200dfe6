package host

import (
	"errors"
	"os"
	"syscall"

	"kbootstrap/internal/posix"
)

// signalGroup signals a program and what it started.
func signalGroup(pid int, signal syscall.Signal) error {
	err := posix.Kill(-pid, signal)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
