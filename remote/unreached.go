package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/posix"
	"kbootstrap/remote/sshconfig"
)

// Why a host was not reached, from the name that does not resolve to the server that shows no key.

// handshakeError is the error of a host that did not come as far as showing its key, or when the
// context ended.
func handshakeError(ctx context.Context, to *sshconfig.Endpoint, err error) *Error {
	e := &Error{Host: to.Name, Op: "handshake with " + to.Address, Kind: Unreachable}
	if ctx.Err() != nil {
		e.Err = context.Cause(ctx)
	} else {
		e.Err, e.hint = cleaned(err), handshakeHint(err, to.Address)
	}
	e.code = connectFault(e.Err)
	return e
}

// handshakeHint is what to do about a handshake that failed, as far as the failure tells.
func handshakeHint(err error, address string) string {
	var other *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &other):
		return "there is an SSH server, and it has none of the algorithms of this tool: on the host, sudo sshd -T | " +
			"grep -i -e kexalgorithms -e ciphers -e macs -e hostkeyalgorithms"
	case errors.Is(err, io.EOF) || posix.IsReset(err):
		return "is an SSH server listening there? The connection was accepted, and ended before a key was shown, " +
			"as sshd " +
			"does with too many of them (MaxStartups) or from a machine that it bans; try: nc -v " +
			"" + hostAndPort(address)
	}
	return "is an SSH server listening there?"
}

func noAnswer(in time.Duration) error {
	return fault.NoAnswer.Errorf("no answer in %v", in)
}

// dialCause distinguishes a caller that gave up from a host that does not answer; net.Dialer may
// notice the deadline before the context does.
func dialCause(ctx context.Context, err error, timeout time.Duration) error {
	var late net.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &late) && late.Timeout():
		return noAnswer(timeout)
	}
	return cleaned(err)
}

// connectFault is the code of a connection that did not come about.
func connectFault(err error) fault.Code {
	var (
		dns  *net.DNSError
		late net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case fault.Of(err) != "":
		return fault.Of(err)
	case errors.As(err, &dns):
		return fault.NameUnresolved
	case posix.IsRefused(err):
		return fault.ConnectionRefused
	case errors.As(err, &late) && late.Timeout():
		return fault.NoAnswer
	}
	return fault.Unreachable
}

// dialHint is what to do about an address to which no connection came about.
func dialHint(err error, to *sshconfig.Endpoint) string {
	if errors.Is(err, context.Canceled) {
		return ""
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && to.IsJump:
		return "the name of the jump host does not resolve here; correct ssh.jump in the inventory, or ProxyJump in " +
			"ssh_config"
	case errors.As(err, &dns):
		return "the name does not resolve here; set the host's SSH address in the inventory"
	}
	return "try: nc -vz " + hostAndPort(to.Address)
}
