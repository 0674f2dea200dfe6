package node

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// link is one connection to a node.
type link struct {
	conn    *conn
	dialled chan struct{} // closed when http and err are set
	http    *http.ClientConn
	err     error
}

func newLink(rwc io.ReadWriteCloser, idle time.Duration) *link {
	l := &link{conn: newConn(rwc), dialled: make(chan struct{})}
	transport := &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return l.conn, nil },
		DisableCompression: true,
		Protocols:          protocols(),
		HTTP2:              tuning(idle),
	}
	go func() {
		defer close(l.dialled)
		l.http, l.err = transport.NewClientConn(context.Background(), "http", "node:80")
	}()
	return l
}

// wait returns when HTTP/2 can be spoken over the connection.
func (l *link) wait(ctx context.Context) error {
	select {
	case <-l.dialled:
		return l.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *link) close() error {
	err := l.conn.Close()
	<-l.dialled
	if l.http != nil {
		_ = l.http.Close() // it closes l.conn, which is closed
	}
	return err
}

// current is the connection in use.
func (c *keptSession) current() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}
