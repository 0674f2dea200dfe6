package node

import (
	"io"
	"net"
	"sync"
	"time"
)

// conn makes a net.Conn of two pipes, since net/http wants one. closed is closed when either side
// ended it.
type conn struct {
	rwc    io.ReadWriteCloser
	once   sync.Once
	err    error
	closed chan struct{}
}

func newConn(rwc io.ReadWriteCloser) *conn { return &conn{rwc: rwc, closed: make(chan struct{})} }

func (c *conn) Read(p []byte) (int, error)  { return c.rwc.Read(p) }
func (c *conn) Write(p []byte) (int, error) { return c.rwc.Write(p) }

// Close closes the pipes once and remembers how that went.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.err = c.rwc.Close()
		close(c.closed)
	})
	return c.err
}

func (c *conn) LocalAddr() net.Addr  { return pipeAddr{} }
func (c *conn) RemoteAddr() net.Addr { return pipeAddr{} }

// Deadlines are not needed: a dead peer is found by the pings of HTTP/2, which close the
// connection.
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// pipeAddr is the address of a pipe, which has none.
type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "node" }

// oneConn is a net.Listener that hands out one connection and then waits for its end.
type oneConn struct {
	conn *conn
	mu   sync.Mutex
	done bool
}

func (l *oneConn) Accept() (net.Conn, error) {
	l.mu.Lock()
	first := !l.done
	l.done = true
	l.mu.Unlock()
	if first {
		return l.conn, nil
	}
	<-l.conn.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error   { return l.conn.Close() }
func (l *oneConn) Addr() net.Addr { return pipeAddr{} }
