//go:build !linux

package node

import (
	"context"
	"net/netip"
	"os"
	"syscall"
)

// Nodes run on Linux. Elsewhere the tool is the other end of the wire, and what follows is there to
// be compiled.

// unfragmented changes nothing.
func unfragmented(string, string, syscall.RawConn) error { return nil }

// pathMTU knows nothing.
func pathMTU(context.Context, netip.Addr, netip.AddrPort) int { return 0 }

// goDirect reports false: the page cache stays.
func goDirect(*os.File) bool { return false }

// cached has nothing to switch on again.
func (s *sink) cached() error {
	s.direct = false
	return nil
}
