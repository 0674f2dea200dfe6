package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kbootstrap/fault"
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

// launch runs a command and waits for the mark in its output. When the process ends without it, the
// session is returned as not ready, with its exit status, its output and its errors.
func (c *Conn) launch(ctx context.Context, op, command, mark string, limit time.Duration) (*Session, bool, error) {
	return c.launchWith(ctx, op, command, mark, limit, "")
}

// launchWith is launch for a command that may ask for the password of sudo. It is told once; when
// sudo asks again, it is ended.
func (c *Conn) launchWith(ctx context.Context, op, command, mark string, limit time.Duration,
	password string) (*Session, bool, error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s, err := c.start(bounded, op, command)
	if err != nil {
		return nil, false, err
	}
	found := make(chan bool, 1)
	c.tasks.Go(func() { found <- s.skipNoise(mark) })
	var ended <-chan struct{} // s.done, once the output has ended: the process is about to
	for waiting := true; waiting; {
		select {
		case <-s.prompts:
			if s.told == 0 && password != "" {
				s.tell(password)
				continue
			}
			if !s.again {
				s.endSudo()
			}
		case ok := <-found:
			if ok {
				return s, true, nil
			}
			if s.flooded {
				_ = s.ssh.Close()
				return nil, false, &Error{Host: c.host.Name, Op: op, Kind: Agent,
					Err:  fmt.Errorf("more than 64 KiB of output, but no agent%s", s.said()),
					code: fault.ShellNoise, hint: "look at what the login shell prints"}
			}
			found, ended = nil, s.done
		case <-ended:
			if s.isCut() {
				return nil, false, c.lost(op)
			}
			return s, false, nil
		case <-bounded.Done():
			waiting = false
		}
	}
	_ = s.ssh.Close()
	if ctx.Err() != nil {
		return nil, false, c.stopped(ctx, op)
	}
	return nil, false, &Error{Host: c.host.Name, Op: op, Kind: Agent,
		Err: fmt.Errorf("no answer in %v%s", limit, s.said()), code: fault.ShellMute,
		hint: "does the login shell run commands? A forced command or a start-up file that waits " +
			"for input prevents that"}
}

// agentError is an error that comes from this machine or from the transfer.
func (c *Conn) agentError(op string, err error) *Error {
	return &Error{Host: c.host.Name, Op: op, Kind: Agent, Err: err, hint: hintOf(err)}
}
