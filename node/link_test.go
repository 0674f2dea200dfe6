package node

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// wire is a Stream in memory.
type wire struct{ net.Conn }

func (wire) Cause(noticed error) error { return noticed }

// flaky is a client whose connection can be cut, and the number of connections that it asked for
// later.
func flaky(t *testing.T, redial func() error) (c *Client, cut func(), dialled *atomic.Int32) {
	t.Helper()
	var (
		mu     sync.Mutex
		near   net.Conn
		served sync.WaitGroup
	)
	root := t.TempDir()
	dialled = &atomic.Int32{}
	dial := func(context.Context) (Stream, error) {
		if dialled.Add(1) > 0 {
			if err := redial(); err != nil {
				return nil, err
			}
		}
		mu.Lock()
		defer mu.Unlock()
		var far net.Conn
		near, far = net.Pipe()
		served.Go(func() {
			if err := Serve(context.Background(), far, Options{Root: root}); err != nil {
				t.Error(err)
			}
		})
		return wire{near}, nil
	}
	dialled.Store(-1)
	c, _, err := Dialer{Dial: dial}.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(); served.Wait() })
	return c, func() { mu.Lock(); defer mu.Unlock(); _ = near.Close() }, dialled
}

// TestLost: requests on a lost connection are asked again over one new connection, however many
// they are.
func TestLost(t *testing.T) {
	c, cut, dialled := flaky(t, func() error { return nil })
	for range 3 {
		cut()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if facts, err := c.Facts(t.Context()); err != nil || facts.Arch == "" {
					t.Errorf("got %+v, %v", facts, err)
				}
			})
		}
		all.Wait()
	}
	if dialled.Load() != 3 {
		t.Errorf("dialled %d times", dialled.Load())
	}
}

// TestLostFails: all get the one error, and no request dials again.
func TestLostFails(t *testing.T) {
	gone := errors.New("gone")
	c, cut, dialled := flaky(t, func() error { return gone })
	cut()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := c.Facts(t.Context()); !errors.Is(err, gone) {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
	if dialled.Load() != 1 {
		t.Errorf("dialled %d times", dialled.Load())
	}
}

// TestLostAfterClose: a client that was closed does not come back.
func TestLostAfterClose(t *testing.T) {
	c, _, dialled := flaky(t, func() error { return nil })
	_ = c.Close()
	_, err := c.Facts(t.Context())
	if lost := (*LostError)(nil); !errors.As(err, &lost) || dialled.Load() != 0 {
		t.Errorf("dialled %d times: %v", dialled.Load(), err)
	}
}
