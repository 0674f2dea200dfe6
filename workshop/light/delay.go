package light

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Delay listens for a host and returns the address: what comes in there goes to the address of the
// host and back, each way half of the round trip later. The rate of the line is not its business.
// It ends with the context.
func Delay(ctx context.Context, to netip.AddrPort, roundTrip time.Duration) (netip.AddrPort, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go relay(ctx, near, to, roundTrip)
		}
	}()
	return netip.ParseAddrPort(l.Addr().String())
}

// relay serves one connection to its end.
func relay(ctx context.Context, near net.Conn, to netip.AddrPort, roundTrip time.Duration) {
	defer near.Close()
	// The handshake of TCP takes a round trip as well.
	if !sleep(ctx, roundTrip) {
		return
	}
	far, err := (&net.Dialer{}).DialContext(ctx, "tcp4", to.String())
	if err != nil {
		return
	}
	defer far.Close()
	defer context.AfterFunc(ctx, func() { _ = near.Close(); _ = far.Close() })()
	var both sync.WaitGroup
	both.Go(func() { carry(far, near, roundTrip/2) })
	both.Go(func() { carry(near, far, roundTrip/2) })
	both.Wait()
}

// sleep reports whether the time has passed before the context's end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// chunk is bytes that are on their way; its end is told by no bytes.
type chunk struct {
	at   time.Time // when they arrive
	text []byte
}

// underWay is how many chunks one direction may have under way: at 32 KiB each, 16 MiB.
const underWay = 512

// carry takes bytes from one connection to the other, each a while after it came, and their end as
// well.
func carry(to, from net.Conn, late time.Duration) {
	way := make(chan chunk, underWay)
	go func() {
		defer close(way)
		for {
			buffer := make([]byte, 32<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				way <- chunk{time.Now().Add(late), buffer[:n]}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					_ = to.Close()
				}
				return
			}
		}
	}()
	failed := false
	for c := range way {
		if failed {
			continue // the reader must not hang
		}
		<-time.After(time.Until(c.at))
		_, err := to.Write(c.text)
		failed = err != nil
		if failed {
			_ = from.Close()
		}
	}
	if t, ok := to.(*net.TCPConn); ok {
		_ = t.CloseWrite()
	}
}
