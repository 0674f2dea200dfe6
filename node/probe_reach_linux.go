package node

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// unfragmented has datagrams sent with DF set, and as large as the interface takes whatever was
// learned of the path.
func unfragmented(_, _ string, c syscall.RawConn) error {
	var err error
	control := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
	})
	return errors.Join(control, err)
}
