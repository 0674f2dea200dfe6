package node

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// The bounds of listeners and of those who dial them.
const (
	listenLimit = 30 * time.Second // listeners are gone after that, whatever the client does
	dialLimit   = 2 * time.Second  // long enough for one lost packet to be sent again
	meshPorts   = 64               // of one host
	meshTargets = 10_000           // of one host
	dialers     = 64               // at a time
)

// udpHeader are the bytes of the headers of IPv4 and UDP before a datagram's own.
const udpHeader = 20 + 8

// stamp marks what probes send: which run it belongs to, and who sent it.
type stamp struct {
	token [16]byte
	from  uint16
}

// stampMagic begins with a zero: the kernel, which may own the port as a VXLAN, drops what has not
// bit 3 set there (RFC 7348, the I flag).
const (
	stampMagic = "\x00KBP"
	stampBytes = len(stampMagic) + 16 + 2 + 2
)

func newStamp(token string, from int) (stamp, error) {
	s := stamp{from: uint16(from)}
	raw, err := hex.DecodeString(token)
	if err != nil || copy(s.token[:], raw) != len(s.token) || len(raw) != len(s.token) {
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
