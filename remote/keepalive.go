package remote

import (
	"net"
	"sync/atomic"
	"time"

	"kbootstrap/fault"
)

// maxMissed is how many intervals a host may be silent; ssh's ServerAliveCountMax is the same.
const maxMissed = 3

// keepAlive asks the host for a sign of life and ends the connection when none comes. Without it,
// everything on a connection whose peer is gone waits for ever: x/crypto has no timeouts, and TCP
// takes a quarter of an hour.
func (c *Conn) keepAlive() {
	tick := time.NewTicker(c.o.KeepAlive)
	defer tick.Stop()
	answered := make(chan struct{}, 1)
	waiting, missed, seen := false, 0, c.net.received.Load()
	for {
		select {
		case <-c.gone:
			return
		case <-answered:
			waiting = false
		case <-tick.C:
			// Any byte counts, as it does in ssh: on a slow line the answer queues behind an
			// upload.
			now := c.net.received.Load()
			if waiting && now == seen {
				missed++
			} else {
				missed = 0
			}
			seen = now
			if missed == maxMissed {
				c.end(fault.HostSilent.Errorf("the host stopped answering for %v", maxMissed*c.o.KeepAlive))
				return
			}
			if !waiting {
				waiting = true
				c.tasks.Go(func() {
					// A refusal is an answer too. An error means that the connection is over, which
					// closes gone.
					_, _, _ = c.client.SendRequest("keepalive@openssh.com", true, nil)
					answered <- struct{}{}
				})
			}
		}
	}
}

// countingConn counts what came from the host and what went to it.
type countingConn struct {
	net.Conn
	received, sent atomic.Uint64
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent.Add(uint64(n))
	return n, err
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.received.Add(uint64(n))
	acknowledge(c.Conn)
	return n, err
}
