//go:build unix

package posix

import (
	"errors"
	"syscall"
)

// IsRefused reports whether an error says that no process listens on a port.
func IsRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// IsReset reports whether an error says that the other side has ended a connection.
func IsReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
