package remote

import (
	"net"
	"syscall"
)

// acknowledge has the kernel acknowledge at once what was read. sshd leaves Nagle's algorithm on
// for what is no terminal, so it holds back a small answer until the one before is acknowledged,
// and the kernel would wait 40 ms with that. Linux forgets the setting by itself, so it is made
// after each read.
func acknowledge(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) // only a matter of speed
	})
}
