package host

import "golang.org/x/sys/unix"

// isSynchronized reports whether the kernel's clock is disciplined, by NTP or the hypervisor.
func isSynchronized() bool {
	var kernel unix.Timex
	state, err := unix.Adjtimex(&kernel)
	return err == nil && state != unix.TIME_ERROR && kernel.Status&unix.STA_UNSYNC == 0
}
