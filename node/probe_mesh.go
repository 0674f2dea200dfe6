package node

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The bounds of listeners and of those who dial them.
const (
	listenLimit = 30 * time.Second // listeners are gone after that, whatever the client does
	dialLimit   = 2 * time.Second  // long enough for one lost packet to be sent again
	meshPorts   = 64               // of one host
	meshTargets = 10_000           // of one host
	dialers     = 64               // at a time
)

// udpRounds is when each datagram is sent, since one may get lost without anything being wrong.
var udpRounds = []time.Duration{0, 30 * time.Millisecond, 100 * time.Millisecond}

// udpHeader are the bytes of the headers of IPv4 and UDP before a datagram's own.
const udpHeader = 20 + 8

// stamp marks what probes send: which run it belongs to, and who sent it.
type stamp struct {
	token [16]byte
	from  uint16
}

// stampMagic begins with a zero: the kernel, which may own the port as a VXLAN, drops what has not bit 3 set there
// (RFC 7348, the I flag).
const (
	stampMagic = "\x00KBP"
	stampBytes = len(stampMagic) + 16 + 2 + 2
)

func newStamp(token string, from int) (stamp, error) {
	s := stamp{from: uint16(from)}
	if raw, err := hex.DecodeString(token); err != nil || copy(s.token[:], raw) != len(s.token) || len(raw) != len(s.token) {
		return s, requestError{fmt.Errorf("not a token of %d bytes in hex: %q", len(s.token), token)}
	}
	if from < 0 || from > 1<<16-1 {
		return s, requestError{fmt.Errorf("not the number of a host: %d", from)}
	}
	return s, nil
}

// packet is what is sent, so long that it makes an IP packet of size bytes.
func (s stamp) packet(size int) []byte {
	text := make([]byte, max(size-udpHeader, stampBytes))
	copy(text, stampMagic)
	copy(text[len(stampMagic):], s.token[:])
	binary.BigEndian.PutUint16(text[len(stampMagic)+16:], s.from)
	binary.BigEndian.PutUint16(text[len(stampMagic)+18:], uint16(size))
	return text
}

// read tells who sent a packet of the same run, and the size that it was sent with.
func (s stamp) read(text []byte) (from, size int, ok bool) {
	if len(text) < stampBytes || string(text[:len(stampMagic)]) != stampMagic ||
		!bytes.Equal(text[len(stampMagic):len(stampMagic)+16], s.token[:]) {
		return 0, 0, false
	}
	rest := text[len(stampMagic)+16:]
	return int(binary.BigEndian.Uint16(rest)), int(binary.BigEndian.Uint16(rest[2:])), true
}

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
	// Held says that somebody has the port already. Its TCP connections are theirs; its datagrams are heard all the same.
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

// Listen opens ports on the host until ctx ends, for thirty seconds at most. Who connects is told the number of the host;
// each sender and size of datagrams is told to heard once. The returned function waits for the last of these calls, after
// ctx has ended.
func (c *Client) Listen(ctx context.Context, q ListenQuery, heard func(Heard)) (opened []Opened, wait func(), err error) {
	text, err := json.Marshal(q)
	if err != nil {
		return nil, nil, err
	}
	response, err := c.do(ctx, http.MethodPost, "/v1/probe/listen", bytes.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	decoder := json.NewDecoder(response.Body)
	var first heardMessage
	if err := decoder.Decode(&first); err != nil {
		_ = response.Body.Close()
		return nil, nil, c.lost(ctx, err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer response.Body.Close()
		for {
			var m heardMessage
			if decoder.Decode(&m) != nil {
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
	if err := s.decode(w, r, &q); err != nil {
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

// openTCP listens on a port, unless somebody does.
func openTCP(ctx context.Context, address netip.Addr, port int) (Opened, net.Listener) {
	o := Opened{Network: "tcp", Port: port}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort(address.String(), strconv.Itoa(port)))
	return o.failed(err), l
}

// openUDP listens on a port. Where somebody has it, the datagrams are read beside him, from a raw socket: it gets what
// passed the host's packet filter, for every port. The kernel's own VXLAN cannot be asked otherwise.
func openUDP(ctx context.Context, address netip.Addr, port int) (Opened, net.PacketConn) {
	o := Opened{Network: "udp", Port: port}
	l, err := new(net.ListenConfig).ListenPacket(ctx, "udp4", net.JoinHostPort(address.String(), strconv.Itoa(port)))
	if errors.Is(err, unix.EADDRINUSE) {
		o.Held = true
		l, err = new(net.ListenConfig).ListenPacket(ctx, "ip4:udp", address.String())
	}
	return o.failed(err), l
}

// failed says why a port could not be opened.
func (o Opened) failed(err error) Opened {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
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

// Target is where a host is to send something, or to connect to.
type Target struct {
	Network string // "tcp" or "udp"
	Address netip.AddrPort
	// Host is the number of the host that listens there, which its answer must have; -1 when some service listens, which
	// will not tell.
	Host int
	// Sizes are those of the IP packets to send, of datagrams.
	Sizes []int
}

// ReachQuery says whom a host is to reach.
type ReachQuery struct {
	Token   string
	Host    int        // the number of the host that sends
	Address netip.Addr // the address that it sends datagrams from
	Targets []Target
}

// Reach connects to each target that is TCP, and sends datagrams that must not be fragmented to the others. It returns why
// it could not, for each target in their order; a datagram that left the host is no error. It takes two seconds when
// something does not answer.
func (c *Client) Reach(ctx context.Context, q ReachQuery) ([]string, error) {
	var faults []string
	if err := c.ask(ctx, "/v1/probe/reach", q, &faults); err != nil {
		return nil, err
	}
	if len(faults) != len(q.Targets) {
		return nil, fmt.Errorf("the node answered for %d of %d targets", len(faults), len(q.Targets))
	}
	return faults, nil
}

func (s *server) reach(w http.ResponseWriter, r *http.Request) error {
	var q ReachQuery
	if err := s.decode(w, r, &q); err != nil {
		return err
	}
	own, err := newStamp(q.Token, q.Host)
	if err != nil {
		return err
	}
	if len(q.Targets) > meshTargets {
		return requestError{fmt.Errorf("%d targets are too many", len(q.Targets))}
	}
	faults := make([]string, len(q.Targets))
	var (
		all   sync.WaitGroup
		slots = make(chan struct{}, dialers)
	)
	all.Go(func() { sendAll(r.Context(), q, own, faults) })
	for i, t := range q.Targets {
		if t.Network != "tcp" {
			continue
		}
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			faults[i] = dial(r.Context(), t, own)
		})
	}
	all.Wait()
	return answer(w, faults)
}

// dial connects to a target, and says why it could not.
func dial(ctx context.Context, t Target, own stamp) string {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp4", t.Address.String())
	if err != nil {
		return reason(err)
	}
	defer conn.Close()
	if t.Host < 0 {
		return ""
	}
	_ = conn.SetDeadline(time.Now().Add(dialLimit))
	text := make([]byte, stampBytes)
	if _, err := io.ReadFull(conn, text); err != nil {
		return "somebody else answered: " + reason(err)
	}
	from, _, ok := own.read(text)
	if !ok || from != t.Host {
		return "another host answered at this address"
	}
	return ""
}

// sendAll sends the datagrams of all targets, three times over.
func sendAll(ctx context.Context, q ReachQuery, own stamp, faults []string) {
	if !slices.ContainsFunc(q.Targets, func(t Target) bool { return t.Network == "udp" }) {
		return
	}
	config := net.ListenConfig{Control: unfragmented}
	conn, err := config.ListenPacket(ctx, "udp4", net.JoinHostPort(q.Address.String(), "0"))
	if err != nil {
		for i, t := range q.Targets {
			if t.Network == "udp" {
				faults[i] = reason(err)
			}
		}
		return
	}
	defer func() { _ = conn.Close() }()
	var before time.Duration
	for round, at := range udpRounds {
		select {
		case <-ctx.Done():
			return
		case <-time.After(at - before):
		}
		before = at
		for i, t := range q.Targets {
			if t.Network != "udp" {
				continue
			}
			for _, size := range t.Sizes {
				_, err := conn.WriteTo(own.packet(size), net.UDPAddrFromAddrPort(t.Address))
				if err != nil && !errors.Is(err, unix.EMSGSIZE) && round == len(udpRounds)-1 {
					faults[i] = reason(err)
				}
			}
		}
	}
}

// unfragmented has datagrams sent with DF set, and as large as the interface takes whatever was learned of the path.
func unfragmented(_, _ string, c syscall.RawConn) error {
	var err error
	control := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
	})
	return errors.Join(control, err)
}

// reason is a network error in the fewest words.
func reason(err error) string {
	var timeout interface{ Timeout() bool }
	var errno syscall.Errno
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", dialLimit)
	case errors.Is(err, unix.EHOSTUNREACH):
		return "rejected (no route to host)"
	case errors.Is(err, unix.EPERM):
		return "the host's own packet filter forbids it"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	return err.Error()
}
