package node

import (
	"context"
	"errors"
	"net"
	"net/netip"
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

// pathMTU is how large the kernel believes packets to an address may be; 0 where it does not tell.
func pathMTU(ctx context.Context, from netip.Addr, to netip.AddrPort) int {
	mtu := 0
	dialer := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
	conn, err := dialer.DialContext(ctx, "udp4", to.String()) // which sends nothing
	if err != nil {
		return 0
	}
	defer conn.Close()
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err != nil {
		return 0
	}
	control := raw.Control(func(fd uintptr) {
		mtu, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU)
	})
	if errors.Join(control, err) != nil {
		return 0
	}
	return mtu
}
