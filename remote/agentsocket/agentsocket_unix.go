//go:build unix

package agentsocket

import (
	"context"
	"net"
)

// Dial connects to the agent at a socket.
func Dial(ctx context.Context, socket string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", socket)
}
