package netns

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"
)

// DialIn opens a connection from another network namespace, given by its path. The address is one
// of numbers.
func DialIn(ctx context.Context, namespace, network string, to string) (net.Conn, error) {
	var conn net.Conn
	err := InNetwork(namespace, func() (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, to)
		return err
	})
	return conn, err
}

const (
	echoRequest, echoReply = 8, 0
	echoEvery              = 250 * time.Millisecond
	echoSize               = 16
)

// PingFrom sends echo requests from another network namespace until one is answered. The kernel of
// the other side answers, so no process there needs to listen.
func PingFrom(ctx context.Context, namespace string, to netip.Addr) error {
	var conn net.PacketConn
	err := InNetwork(namespace, func() (err error) {
		conn, err = (&net.ListenConfig{}).ListenPacket(ctx, "ip4:icmp", "0.0.0.0")
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing was written that could be lost
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	answer := make([]byte, 1500)
	mark := uint64(time.Now().UnixNano())
	for {
		if _, err := conn.WriteTo(echo(mark), &net.IPAddr{IP: to.AsSlice()}); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(echoEvery)); err != nil {
			return err
		}
		for {
			n, from, err := conn.ReadFrom(answer)
			if ctx.Err() != nil {
				return errors.New("no answer to a ping")
			}
			if err != nil {
				break // the time for this request is over
			}
			sender, _ := from.(*net.IPAddr)
			if n == echoSize && answer[0] == echoReply && binary.BigEndian.Uint64(answer[8:]) == mark &&
				sender != nil && sender.IP.Equal(to.AsSlice()) {
				return nil
			}
		}
	}
}

// echo is an ICMP echo request with a mark of eight bytes.
func echo(mark uint64) []byte {
	m := make([]byte, echoSize)
	m[0] = echoRequest
	binary.BigEndian.PutUint64(m[8:], mark)
	var sum uint32
	for i := 0; i < len(m); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(m[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(m[2:], ^uint16(sum))
	return m
}
