package remote

import (
	"context"
	"errors"
)

// Node starts `kbootstrap node` as root on the host, after uploading the binary when the host does
// not have this build. It returns when the process has said that it is there. The context governs
// the start only; the session lives until its Close. Every error is an *Error: of kind Sudo or
// Agent, or Unreachable when the connection was lost or the context ended.
func (c *Conn) Node(ctx context.Context) (*Session, error) {
	own, err := c.o.Agents.own(c.o.Agent)
	if err != nil {
		return nil, c.agentError("find the agent", err)
	}
	in := installer{c}
	s, err := in.start(ctx, own)
	if !errors.Is(err, errMissing) {
		return s, err
	}
	bin, machine := own, ownMachine()
	dir, err := in.stage(ctx, &machine)
	if err != nil {
		return nil, err
	}
	if dir == "" { // another architecture: its agent has another sum, so it may be there
		if bin, err = c.o.Agents.forMachine(c.o.Agent, machine); err != nil {
			return nil, c.agentError("upload the agent", err)
		}
		if s, err = in.start(ctx, bin); !errors.Is(err, errMissing) {
			return s, err
		}
		if dir, err = in.stage(ctx, &machine); err != nil {
			return nil, err
		}
	}
	if err := in.upload(ctx, bin, dir); err != nil {
		in.remove(dir)
		return nil, err
	}
	s, err = in.install(ctx, bin, dir)
	if err != nil {
		in.remove(dir)
		return nil, err
	}
	return s, nil
}

// errMissing says that the host does not have the agent, or has one that it cannot run.
var errMissing = errors.New("the agent is not there")

// agentError is an error that comes from this machine or from the transfer.
func (c *Conn) agentError(op string, err error) *Error {
	return &Error{Host: c.host.Name, Op: op, Kind: Agent, Err: err, hint: hintOf(err)}
}
