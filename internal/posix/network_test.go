package posix_test

import (
	"io"
	"net"
	"testing"

	"kbootstrap/internal/posix"
)

// TestNetworkErrors: the errors of this system's kernel are recognised.
func TestNetworkErrors(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	// A connection that is closed with no time to linger is reset.
	if err := theirs.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_, _ = theirs.Close(), l.Close()
	if _, err = io.ReadAll(conn); !posix.IsReset(err) || posix.IsRefused(err) {
		t.Errorf("a reset is %v", err)
	}
	if _, err = new(net.Dialer).DialContext(t.Context(), "tcp4", address); !posix.IsRefused(err) || posix.IsReset(err) {
		t.Errorf("a refusal is %v", err)
	}
}
