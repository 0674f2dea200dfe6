package remote

import (
	"errors"
	"net"
	"strings"

	"kbootstrap/fault"
)

// Kind is what went wrong, as far as a caller may want to act on it.
type Kind int

// The kinds of Error.
const (
	Unreachable Kind = iota + 1 // no connection, no answer, or the connection was lost
	HostKey                     // the host's key is unknown, changed, revoked or not the pinned one
	Auth                        // the host did not let us in
	Sudo                        // the host did not let us become root
	Agent                       // the binary could not be uploaded or did not start
	Config                      // ssh_config, or the way that it describes, cannot be used; no host was touched
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case Unreachable:
		return "unreachable"
	case HostKey:
		return "host key"
	case Auth:
		return "authentication"
	case Sudo:
		return "sudo"
	case Agent:
		return "agent"
	case Config:
		return "configuration"
	}
	return "unknown"
}

// Error is the error of every function of this package.
type Error struct {
	Host string // the host's name in the inventory
	Op   string // what was being done, such as "dial 192.0.2.1:22"
	Kind Kind
	Err  error
	hint string
	code fault.Code
}

// Error returns "host: op: cause".
func (e *Error) Error() string { return e.Host + ": " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what the user may do about it, in one or more lines, or is empty.
func (e *Error) Hint() string { return e.hint }

// Fault returns the code under which `kbootstrap explain` has more, or "".
func (e *Error) Fault() fault.Code {
	if e.code != "" {
		return e.code
	}
	if code := fault.Of(e.Err); code != "" {
		return code
	}
	if e.Kind == Unreachable {
		return fault.Unreachable
	}
	return ""
}

// hintOf returns the advice of a cause that has some, for the Error that will wrap it.
func hintOf(err error) string {
	var known *fault.Error
	if errors.As(err, &known) {
		return known.Advice
	}
	return ""
}

// cleaned drops the layers that only repeat what Error says already: x/crypto's "ssh: handshake
// failed", and net's operation and address.
func cleaned(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	if strings.HasPrefix(err.Error(), "ssh: handshake failed: ") && errors.Unwrap(err) != nil {
		return errors.Unwrap(err)
	}
	return err
}

// hostAndPort is "host port", as nc and ssh-keyscan take them.
func hostAndPort(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host + " " + port
}
