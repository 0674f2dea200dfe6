//go:build unix

package remote

import (
	"context"
	"net"
)

// dialAgent connects to the agent at a socket.
func dialAgent(ctx context.Context, socket string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", socket)
}
