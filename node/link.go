package node

import (
	"context"
	"errors"
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

func (l *link) close() error {
	err := l.conn.Close()
	<-l.dialled
	if l.http != nil {
		_ = l.http.Close() // it closes l.conn, which is closed
	}
	return err
}

// Redial opens a session to the same host after the one before was lost, while it was busy with something: a component,
// or what was asked of the host. The client takes the place of the lost one, whose other users wait. An error is what
// they all get, and there is no other try.
type Redial func(ctx context.Context, during string, lost error) (*Client, error)

// OnLost makes the client survive the loss of its connection. What is asked of a host may be asked again, since looking
// changes nothing and converging what has converged does not either; so after a loss, when nobody knows how far the host
// came, it is just asked again over a new connection. That holds for Facts, Observe, Converge, Restore, Missing, Flush,
// Journal and Certificates. Call it before any of them.
func (c *Client) OnLost(redial Redial) { c.redial = redial }

// current is the connection in use.
func (c *Client) current() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}

// again asks, and after each loss of the connection asks once more over a new one.
func (c *Client) again(ctx context.Context, during string, ask func() error) error {
	for {
		used := c.current()
		err := ask()
		var lost *LostError
		if c.redial == nil || ctx.Err() != nil || c.stopped.Err() != nil || !errors.As(err, &lost) {
			return err
		}
		if err := c.replace(ctx, used, during, lost); err != nil {
			return err
		}
	}
}

// replace opens a new connection in the place of one that was lost, unless somebody has done so already.
func (c *Client) replace(ctx context.Context, used *link, during string, lost error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.stopped, func() { cancel(lost) })()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c.mu.Lock()
	over, given := c.link != used, c.given
	c.mu.Unlock()
	switch {
	case given != nil:
		return given
	case over:
		return nil
	}
	fresh, err := c.redial(ctx, during, lost)
	if err != nil {
		if ctx.Err() == nil { // else it is only this request that was given up
			c.mu.Lock()
			c.given = err
			c.mu.Unlock()
		}
		return err
	}
	_ = used.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link = fresh.current(); c.closed {
		_ = c.link.close()
	}
	return nil
}
