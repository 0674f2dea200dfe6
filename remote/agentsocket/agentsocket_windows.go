package agentsocket

import (
	"context"
	"net"
	"path/filepath"
	"strings"

	"github.com/Microsoft/go-winio"
)

// Dial connects to the agent at a named pipe, as that of Windows is, or at a socket.
func Dial(ctx context.Context, socket string) (net.Conn, error) {
	if name := filepath.FromSlash(socket); strings.HasPrefix(name, `\\.\pipe\`) {
		return winio.DialPipeContext(ctx, name)
	}
	return (&net.Dialer{}).DialContext(ctx, "unix", socket)
}
