//go:build !linux

package node

import (
	"os"
	"syscall"
)

// Nodes run on Linux. Elsewhere the tool is the other end of the wire, and what follows is there to
// be compiled.

// unfragmented changes nothing.
func unfragmented(string, string, syscall.RawConn) error { return nil }

// goDirect reports false: the page cache stays.
func goDirect(*os.File) bool { return false }

// cached has nothing to switch on again.
func (s *sink) cached() error {
	s.direct = false
	return nil
}
