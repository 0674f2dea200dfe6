package host

import (
	"net/netip"
	"slices"
	"strings"
)

// tcpEstablished is the state of a connected socket in /proc/net/tcp.
const tcpEstablished = "01"

// peers are the addresses that are connected to some TCP ports of the host, each once.
func (s surveyor) peers(ports []int) []netip.Addr {
	if len(ports) == 0 {
		return nil
	}
	var found []netip.Addr
	for _, table := range []string{"tcp", "tcp6"} {
		for line := range strings.Lines(s.sockets(table)) {
			f := strings.Fields(line)
			if len(f) < 4 || f[3] != tcpEstablished {
				continue
			}
			_, port, okPort := endpoint(f[1])
			peer, _, okPeer := endpoint(f[2])
			if okPort && okPeer && slices.Contains(ports, port) && !peer.IsLoopback() && !slices.Contains(found, peer) {
				found = append(found, peer)
			}
		}
	}
	return found
}
