package host

import "syscall"

// ownGroup starts a program in its own process group, so that all of it can be ended together, and
// lets the kernel kill it when the node dies in a way that it cannot handle.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
