package node

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ListenQuery says where a host is to listen for a moment.
type ListenQuery struct {
	Token   string     // 16 bytes in hex, the same on all hosts of a run
	Host    int        // the number of the host in the run
	Address netip.Addr // an IPv4 address of the host
	TCP     []int      // ports
	UDP     []int
}

// Opened is what became of one port of a ListenQuery.
type Opened struct {
	Network string // "tcp" or "udp"
	Port    int
	// Held says that another process has the port already. Its TCP connections are theirs; its
	// datagrams are heard all the same.
	Held  bool
	Error string // why the host cannot listen there, otherwise
}

// Heard is a datagram that arrived.
type Heard struct {
	Port int
	From int // the number of the host that sent it
	Size int // of the IP packet, in bytes
}

// heardMessage is a line on the wire. The first has what was opened.
type heardMessage struct {
	Opened []Opened `json:",omitempty"`
	Heard  *Heard   `json:",omitempty"`
}

// Listen opens ports on the host until ctx ends, for thirty seconds at most. Who connects is told
// the number of the host; each sender and size of datagrams is told to heard once. The returned
// function waits for the last of these calls, after ctx has ended.
func (c *Client) Listen(
	ctx context.Context, q ListenQuery, heard func(Heard),
) (opened []Opened, wait func(), err error) {
	text, err := json.Marshal(q)
	if err != nil {
		return nil, nil, err
	}
	response, err := c.do(ctx, http.MethodPost, "/v1/probe/listen", bytes.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	messages := newBounded(response.Body, messageLimit)
	var first heardMessage
	if err := messages.decode(&first); err != nil {
		_ = response.Body.Close()
		return nil, nil, c.lost(ctx, err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer response.Body.Close()
		for {
			var m heardMessage
			if messages.decode(&m) != nil {
				return // ctx ended, or the connection: whoever waits for datagrams learns it from their absence
			}
			if m.Heard != nil {
				heard(*m.Heard)
			}
		}
	})
	return first.Opened, reading.Wait, nil
}

func (s *server) listen(w http.ResponseWriter, r *http.Request) error {
	var q ListenQuery
	if err := decode(w, r, &q); err != nil {
		return err
	}
	own, err := newStamp(q.Token, q.Host)
	if err != nil {
		return err
	}
	if !q.Address.Is4() || len(q.TCP)+len(q.UDP) > meshPorts {
		return requestError{fmt.Errorf("cannot listen on %d ports of %s", len(q.TCP)+len(q.UDP), q.Address)}
	}
	ctx, cancel := context.WithTimeout(r.Context(), listenLimit)
	defer cancel()
	var (
		mu      sync.Mutex
		encoder = json.NewEncoder(w)
		flush   = http.NewResponseController(w).Flush
		seen    = map[Heard]bool{}
		serving sync.WaitGroup
		opened  []Opened
	)
	send := func(m heardMessage) {
		if encoder.Encode(m) == nil {
			_ = flush() // that the client is gone shows in ctx
		}
	}
	heard := func(h Heard) {
		mu.Lock()
		defer mu.Unlock()
		if !seen[h] {
			seen[h] = true
			send(heardMessage{Heard: &h})
		}
	}
	mu.Lock() // nothing is heard before the first line is written
	for _, port := range q.TCP {
		o, l := openTCP(ctx, q.Address, port)
		opened = append(opened, o)
		if l != nil {
			context.AfterFunc(ctx, func() { _ = l.Close() })
			serving.Go(func() { greet(l, own) })
		}
	}
	for _, port := range q.UDP {
		o, l := openUDP(ctx, q.Address, port)
		opened = append(opened, o)
		if l != nil {
			context.AfterFunc(ctx, func() { _ = l.Close() })
			serving.Go(func() { hear(l, o, own, heard) })
		}
	}
	w.Header().Set("Content-Type", "application/jsonl")
	send(heardMessage{Opened: opened})
	mu.Unlock()
	<-ctx.Done()
	serving.Wait()
	return nil
}

// openTCP listens on a port, unless another process does.
func openTCP(ctx context.Context, address netip.Addr, port int) (Opened, net.Listener) {
	o := Opened{Network: "tcp", Port: port}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort(address.String(), strconv.Itoa(port)))
	return o.failed(err), l
}

// openUDP listens on a port. Where another process has the port, this one reads the datagrams too,
// from a raw socket: it gets what passed the host's packet filter, for every port. The kernel's own
// VXLAN cannot be asked otherwise.
func openUDP(ctx context.Context, address netip.Addr, port int) (Opened, net.PacketConn) {
	o := Opened{Network: "udp", Port: port}
	l, err := new(net.ListenConfig).ListenPacket(ctx, "udp4", net.JoinHostPort(address.String(), strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		o.Held = true
		l, err = new(net.ListenConfig).ListenPacket(ctx, "ip4:udp", address.String())
	}
	return o.failed(err), l
}

// failed says why a port could not be opened.
func (o Opened) failed(err error) Opened {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		o.Held = true
	case err != nil:
		o.Error = err.Error()
	}
	return o
}

// greet tells everybody who connects which host this is, until the listener is closed.
func greet(l net.Listener, own stamp) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_ = conn.SetDeadline(time.Now().Add(dialLimit))
		_, _ = conn.Write(own.packet(0)) // to whom it matters, it is there
		_ = conn.Close()
	}
}

// hear reads datagrams until the socket is closed.
func hear(l net.PacketConn, o Opened, own stamp, heard func(Heard)) {
	buffer := make([]byte, 1<<16)
	for {
		n, _, err := l.ReadFrom(buffer)
		if err != nil {
			return
		}
		text := buffer[:n]
		if _, raw := l.(*net.IPConn); raw {
			if n < 8 || int(binary.BigEndian.Uint16(text[2:])) != o.Port {
				continue
			}
			text = text[8:]
		}
		if from, size, ok := own.read(text); ok {
			heard(Heard{Port: o.Port, From: from, Size: size})
		}
	}
}
