package host

import (
	"errors"
	"os"
	"syscall"
)

// ownGroup starts a program in its own process group, so that all of it can be ended together, and
// lets the kernel kill it when the node dies in a way that it cannot handle.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// signalGroup signals a program and what it started.
func signalGroup(pid int, signal syscall.Signal) error {
	err := syscall.Kill(-pid, signal)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
