package node

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// RelayPort is the port on which a host passes contents on, so that who has a firewall can let it
// in. Where another process has it, a host takes any other.
const RelayPort = 10310

// relayLimit is how many connections a host that passes contents on has at a time, with those that
// have not shown a certificate yet. The control machine asks for fewer.
const relayLimit = 16

// relayIdle is how long the other end of a connection may take nothing, or say nothing.
const relayIdle = 20 * time.Second

// relayOffer is where a host should listen, and by which keys.
type relayOffer struct {
	Address  netip.Addr
	Identity Identity
}

// Relay has the host pass on what it keeps of contents, to hosts of the same run, on its address in
// the cluster's network, until the session ends. It returns the port.
func (c *Client) Relay(ctx context.Context, address netip.Addr, identity Identity) (port int, err error) {
	err = c.ask(ctx, "/v1/relay", relayOffer{address, identity}, &port)
	return port, err
}

// relay is the listener of a session. The zero value does not listen.
type relay struct {
	mu     sync.Mutex
	port   int
	server *http.Server
	served chan struct{}
	// streams are those under way.
	streams gate
}

func (s *server) listenRelay(w http.ResponseWriter, r *http.Request) error {
	var offer relayOffer
	if err := decode(w, r, &offer); err != nil {
		return err
	}
	if err := s.exclusive(Holder{}); err != nil {
		return err
	}
	port, err := s.relay.listen(r.Context(), offer, s.blobs)
	if err != nil {
		return err
	}
	return answer(w, port)
}

// listen begins to serve, unless it does already.
func (l *relay) listen(ctx context.Context, offer relayOffer, store *blobs) (port int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil {
		return l.port, nil
	}
	config, err := offer.Identity.config()
	if err != nil {
		return 0, err
	}
	listener, err := listenOn(ctx, offer.Address, RelayPort)
	if errors.Is(err, syscall.EADDRINUSE) {
		listener, err = listenOn(ctx, offer.Address, 0)
	}
	if err != nil {
		return 0, err
	}
	l.port = listener.Addr().(*net.TCPAddr).Port
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/streams/{sum}", func(w http.ResponseWriter, r *http.Request) {
		if l.streams.enter() {
			defer l.streams.leave()
			store.serveStream(w, r)
		}
	})
	l.server = &http.Server{
		Handler: mux, TLSConfig: config, Protocols: overTLS(), MaxHeaderBytes: 4 << 10,
		ReadTimeout: relayIdle, IdleTimeout: relayIdle,
		ErrorLog: log.New(io.Discard, "", 0), // of strangers, who have no certificate
	}
	l.served = make(chan struct{})
	go func() {
		defer close(l.served)
		_ = l.server.ServeTLS(newBoundedListener(listener, relayLimit), "", "") // it ends when close closes it
	}()
	return l.port, nil
}

func listenOn(ctx context.Context, address netip.Addr, port int) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", net.JoinHostPort(address.String(), strconv.Itoa(port)))
}

// close ends all connections.
func (l *relay) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil {
		_ = l.server.Close()
		<-l.served
		l.streams.closeAndWait()
	}
}

// serveStream sends what is kept of a content, as it came.
func (b *blobs) serveStream(w http.ResponseWriter, r *http.Request) {
	stream, err := b.openStream(r.PathValue("sum"), r.URL.Query().Get("base"))
	if err != nil {
		status := http.StatusInternalServerError
		if errors.Is(err, fs.ErrNotExist) {
			status = http.StatusNotFound
		}
		http.Error(w, err.Error(), status)
		return
	}
	defer stream.Close()
	info, err := stream.Stat()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	_ = copyStream(w, stream, func() error { // who asks notices what is missing
		return http.NewResponseController(w).SetWriteDeadline(time.Now().Add(relayIdle))
	})
}

// boundedListener accepts a connection only while there are fewer than so many.
type boundedListener struct {
	net.Listener
	slots chan struct{}
}

func newBoundedListener(l net.Listener, most int) boundedListener {
	return boundedListener{l, make(chan struct{}, most)}
}

// Accept refuses who is too many, so that who was accepted before is not slowed down.
func (l boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &boundedConn{Conn: c, free: func() { <-l.slots }}, nil
		default:
			_ = c.Close()
		}
	}
}

type boundedConn struct {
	net.Conn
	once sync.Once
	free func()
}

// Close frees the place of the connection.
func (c *boundedConn) Close() error {
	c.once.Do(c.free)
	return c.Conn.Close()
}
