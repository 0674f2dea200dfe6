package posix

import (
	"errors"

	"golang.org/x/sys/windows"
)

// IsRefused reports whether an error says that no process listens on a port. The kernel's number is
// not that of syscall.ECONNREFUSED, which Go has made up.
func IsRefused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }

// IsReset reports whether an error says that the other side has ended a connection.
func IsReset(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED) ||
		errors.Is(err, windows.ERROR_BROKEN_PIPE)
}
