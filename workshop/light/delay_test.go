package light

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestDelay: what goes through comes as it was, with its end, and no sooner than a round trip.
func TestDelay(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c) // says everything again
	}()
	const trip = 40 * time.Millisecond
	at, err := Delay(t.Context(), netip.MustParseAddrPort(l.Addr().String()), trip)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp4", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const text = "there and back"
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		if err := tcp.CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := io.ReadAll(c)
	if err != nil || string(got) != text {
		t.Errorf("%q came back: %v", got, err)
	}
	if took := time.Since(begin); took < trip {
		t.Errorf("it took %s, and the round trip is %s", took, trip)
	}
}
