// Package node holds both ends of the wire between the control machine and a host. The host's end
// runs there as root for the length of one session (`kbootstrap node`) and speaks plain HTTP/2 over
// its standard input and output, which are an SSH channel; no daemon stays, and nothing listens but
// what a run asks for, such as the relay.
// HTTP/2 gives multiplexing, flow control, cancellation and streaming without a protocol of our
// own.
//
// Start at Serve for the host's end and at Client for the control machine's. What can be asked is
// the list in handlers.go; a step is carried out by Client.Converge, and on the host by
// converge.go; contents travel by Client.Send into the store of blobs.go.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"kbootstrap/host"
)

// Sentinel is the first line that a node writes to its standard output. What a login shell, sudo or
// a banner wrote before it is not ours; after it the stream is HTTP/2. The number is the version of
// the protocol.
const Sentinel = "KBOOTSTRAP-NODE 1\n"

// idleTimeout is how long a stream may stay without a byte before it counts as dead.
const idleTimeout = 60 * time.Second

// Options says which machine a node serves. The zero value is the host that it runs on.
type Options struct {
	// Root is the directory below which all files lie; empty means "/". A test gives a temporary
	// directory.
	Root string
	// Run starts programs; nil means those of the host (see host.System.Run).
	Run func(ctx context.Context, argv ...string) ([]byte, error)

	around func(step host.Step, do func() error) error // of tests, see host.System.Around
}

func (o Options) withDefaults() Options {
	if o.Root == "" {
		o.Root = "/"
	}
	if o.Run == nil {
		o.Run = host.Run
	}
	if o.around == nil {
		o.around = failpoint()
	}
	return lighten(o)
}

// Serve is the host's end: it answers one client on rwc until rwc ends or ctx does. When it
// returns, no handler, no child process and no received content is left, and the host's lock is
// free. That the client went away is the normal end and not an error.
func Serve(ctx context.Context, rwc io.ReadWriteCloser, options Options) error {
	options = options.withDefaults()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	conn := newConn(rwc)
	s := newServer(options)
	srv := &http.Server{
		Handler:     s.handler(),
		BaseContext: func(net.Listener) context.Context { return ctx },
		Protocols:   protocols(),
		HTTP2:       tuning(idleTimeout),
	}
	listener := &oneConn{conn: conn}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()

	var err error
	select {
	case <-conn.closed:
	case <-ctx.Done():
		err = fmt.Errorf("node: %w", context.Cause(ctx))
	}
	cancel(errors.New("the connection to the control machine ended"))
	_ = srv.Close() // closes conn; that it is closed already is no news
	_ = conn.Close()
	if end := <-served; !errors.Is(end, http.ErrServerClosed) && !errors.Is(end, net.ErrClosed) {
		err = errors.Join(err, fmt.Errorf("node: %w", end))
	}
	s.running.closeAndWait()
	return errors.Join(err, s.end())
}

// protocols allows unencrypted HTTP/2 and nothing else: SSH below it encrypts.
func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

// tuning raises the windows and frames from their defaults, which are made for many small requests
// from strangers, to the largest that net/http allows: one trusted peer sends hundreds of
// megabytes. The pings let each end notice within idle that the other is gone: SSH alone may take
// hours.
func tuning(idle time.Duration) *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          1000,
		MaxReadFrameSize:              1 << 20,
		MaxReceiveBufferPerConnection: 4<<20 - 1,
		MaxReceiveBufferPerStream:     4<<20 - 1,
		SendPingTimeout:               idle / 4,
		PingTimeout:                   idle - idle/4,
	}
}
