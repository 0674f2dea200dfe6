package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Target is where a host is to send something, or to connect to.
type Target struct {
	Network string // "tcp" or "udp"
	Address netip.AddrPort
	// Host is the number of the host that listens there, which its answer must have; -1 when some
	// service listens, which will not tell.
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

// Reached is what became of one target of a ReachQuery.
type Reached struct {
	// Fault says why nothing could be sent; a datagram that left the host is no fault.
	Fault string `json:",omitempty"`
	// MTU is how large the kernel of the host believes packets to the target may be: less than its
	// interface's after a router on the path has said so. 0 where that is not known, or not
	// datagrams.
	MTU int `json:",omitempty"`
}

// Reach connects to each target that is TCP, and sends datagrams that must not be fragmented to the
// others. The answers are in the order of the targets. It takes two seconds when something does not
// answer.
func (c *Client) Reach(ctx context.Context, q ReachQuery) ([]Reached, error) {
	var reached []Reached
	if err := c.ask(ctx, "/v1/probe/reach", q, &reached); err != nil {
		return nil, err
	}
	if len(reached) != len(q.Targets) {
		return nil, fmt.Errorf("the node answered for %d of %d targets", len(reached), len(q.Targets))
	}
	return reached, nil
}

func (s *server) reach(w http.ResponseWriter, r *http.Request) error {
	var q ReachQuery
	if err := decode(w, r, &q); err != nil {
		return err
	}
	own, err := newStamp(q.Token, q.Host)
	if err != nil {
		return err
	}
	if len(q.Targets) > meshTargets {
		return requestError{fmt.Errorf("%d targets are too many", len(q.Targets))}
	}
	reached := make([]Reached, len(q.Targets))
	var (
		all   sync.WaitGroup
		slots = make(chan struct{}, dialers)
	)
	all.Go(func() { sendAll(r.Context(), q, own, reached) })
	for i, t := range q.Targets {
		if t.Network != "tcp" {
			continue
		}
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			reached[i].Fault = dial(r.Context(), t, own)
		})
	}
	all.Wait()
	return answer(w, reached)
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
		return "another program answered: " + reason(err)
	}
	from, _, ok := own.read(text)
	if !ok || from != t.Host {
		return "another host answered at this address"
	}
	return ""
}

// udpRounds is when each datagram is sent, since one may get lost without anything being wrong.
var udpRounds = []time.Duration{0, 30 * time.Millisecond, 100 * time.Millisecond}

// sendAll sends the datagrams of all targets, three times over, and then asks the kernel what it
// has learned of the paths.
func sendAll(ctx context.Context, q ReachQuery, own stamp, reached []Reached) {
	if !slices.ContainsFunc(q.Targets, func(t Target) bool { return t.Network == "udp" }) {
		return
	}
	config := net.ListenConfig{Control: unfragmented}
	conn, err := config.ListenPacket(ctx, "udp4", net.JoinHostPort(q.Address.String(), "0"))
	if err != nil {
		for i, t := range q.Targets {
			if t.Network == "udp" {
				reached[i].Fault = reason(err)
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
				if err != nil && !errors.Is(err, syscall.EMSGSIZE) && round == len(udpRounds)-1 {
					reached[i].Fault = reason(err)
				}
			}
		}
	}
	for i, t := range q.Targets {
		if t.Network == "udp" {
			reached[i].MTU = pathMTU(ctx, q.Address, t.Address)
		}
	}
}

// Refused is the text of a connection that the other host refused, whichever system reads it.
const Refused = "connection refused"

// reason is a network error in the fewest words.
func reason(err error) string {
	var timeout interface{ Timeout() bool }
	var errno syscall.Errno
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", dialLimit)
	case errors.Is(err, syscall.EHOSTUNREACH):
		return "rejected (no route to host)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.EPERM):
		return "the host's own packet filter forbids it"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	return err.Error()
}
