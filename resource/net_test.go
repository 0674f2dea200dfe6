package resource_test

import (
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// turns holds a lock for each address that the laws of a kind name: laws run side by side.
var turns sync.Map

// listen listens at an address until the end of the test, when it is the test's turn there.
func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	return atTurn(t, address, func() (net.Listener, error) {
		return new(net.ListenConfig).Listen(t.Context(), network, address)
	})
}

// listenPacket is as listen, of datagrams.
func listenPacket(t *testing.T, network, address string) net.PacketConn {
	t.Helper()
	return atTurn(t, address, func() (net.PacketConn, error) {
		return new(net.ListenConfig).ListenPacket(t.Context(), network, address)
	})
}

// atTurn opens what listens at an address. Where a port is named, one test at a time has it, and
// what was closed may be open for a moment longer: a process that another test has forked holds a
// copy of it until it runs its program.
func atTurn[T any](t *testing.T, address string, open func() (T, error)) T {
	t.Helper()
	if !strings.HasPrefix(address, "/") && !strings.HasSuffix(address, ":0") {
		turn, _ := turns.LoadOrStore(address, new(sync.Mutex))
		turn.(*sync.Mutex).Lock()
		t.Cleanup(turn.(*sync.Mutex).Unlock)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		l, err := open()
		if err == nil {
			return l
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			t.Fatal(err)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
