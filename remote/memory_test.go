package remote

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
)

// memoryListener is a listener without sockets. In a bubble of testing/synctest its connections
// block as a channel does, so that the bubble's clock goes on when both ends wait; a test that
// measures silence so depends neither on the machine's speed nor on its load.
type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// dial is for Options.Dial.
func (l *memoryListener) dial(context.Context, string, string) (net.Conn, error) {
	up, down := newQueue(), newQueue()
	select {
	case l.conns <- &memoryConn{in: up, out: down}:
		return &memoryConn{in: down, out: up}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *memoryListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 22} }

// memoryConn is a connection that holds what was written, as a socket does: both ends of SSH write
// first.
type memoryConn struct {
	net.Conn // for the methods that SSH does not call
	in, out  *queue
}

func (c *memoryConn) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *memoryConn) Write(p []byte) (int, error) { return c.out.Write(p) }
func (c *memoryConn) Close() error                { c.in.close(); c.out.close(); return nil }
func (c *memoryConn) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 22} }
func (c *memoryConn) RemoteAddr() net.Addr        { return c.LocalAddr() }

// queue is one direction of a connection.
type queue struct {
	mu     sync.Mutex
	more   *sync.Cond
	held   bytes.Buffer
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.more = sync.NewCond(&q.mu)
	return q
}

func (q *queue) Read(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.held.Len() == 0 {
		if q.closed {
			return 0, io.EOF
		}
		q.more.Wait()
	}
	return q.held.Read(p)
}

func (q *queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, net.ErrClosed
	}
	defer q.more.Broadcast()
	return q.held.Write(p)
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.more.Broadcast()
}
