package background

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// yieldToOthers gives the processor to all other threads first. It is for a goroutine that ends:
// its thread, which has the priority, ends with it.
func yieldToOthers() {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 19) // of Linux, the calling thread alone
}
