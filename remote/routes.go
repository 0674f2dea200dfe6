package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/remote/sshconfig"
)

// Routes are the ways to the hosts of a run: what ssh_config says, read once, and one connection to
// each jump host, shared by all hosts behind it. The zero value is ready for use, by several
// goroutines at once. Close it after the hosts.
type Routes struct {
	asking sync.Mutex // one host at a time asks about its key

	mu      sync.Mutex
	configs map[string]configFile
	hops    map[string]*hop
	told    map[string]bool // notes about ssh_config, each of which is logged once
}

// configFile is what came of reading one choice of ssh_config.
type configFile struct {
	lines sshconfig.Config
	err   error
}

// hop is one jump host. The first caller connects; the others wait.
type hop struct {
	ready chan struct{} // closed when conn or err is there
	conn  *Conn
	err   error
}

// endpoint resolves a host of the inventory.
func (r *Routes) endpoint(h inventory.Host, o Options) (*sshconfig.Endpoint, error) {
	env := sshconfig.ThisEnvironment()
	file := r.config(h.SSH.Config, env)
	res := sshconfig.Resolver{Config: file.lines, Env: env, Policy: o.HostKeyPolicy, Ask: o.Ask != nil}
	to, err := (*sshconfig.Endpoint)(nil), file.err
	if err == nil {
		to, err = res.Host(h)
	}
	if err != nil {
		return nil, &Error{Host: h.Name, Op: "ssh_config", Kind: Config, Err: err, hint: hintOf(err)}
	}
	for _, note := range res.Notes {
		if r.isNews(note) {
			o.Notice(note)
		}
	}
	return to, nil
}

func (r *Routes) config(choice string, env sshconfig.Environment) configFile {
	r.mu.Lock()
	defer r.mu.Unlock()
	file, ok := r.configs[choice]
	if !ok {
		file.lines, file.err = env.Read(choice)
		if r.configs == nil {
			r.configs = map[string]configFile{}
		}
		r.configs[choice] = file
	}
	return file
}

// isNews reports whether a note has not been reported yet, and remembers it.
func (r *Routes) isNews(note string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told == nil {
		r.told = map[string]bool{}
	}
	told := r.told[note]
	r.told[note] = true
	return !told
}

// hop is the connection to a jump host. All callers that wait while it is made get the same answer,
// good or bad; a later caller tries again if the answer was bad or the connection is lost.
func (r *Routes) hop(ctx context.Context, to *sshconfig.Endpoint, o Options) (*Conn, error) {
	key := to.Way()
	for {
		r.mu.Lock()
		h := r.hops[key]
		first := h == nil || h.isOver()
		if first {
			if r.hops == nil {
				r.hops = map[string]*hop{}
			}
			if h != nil && h.conn != nil {
				lost := h.conn
				defer func() { _ = lost.Close() }()
			}
			h = &hop{ready: make(chan struct{})}
			r.hops[key] = h
		}
		r.mu.Unlock()
		if first {
			h.conn, h.err = dialAndLogIn(ctx, to, o)
			close(h.ready)
			return h.conn, h.err
		}
		select {
		case <-h.ready:
			if h.conn != nil || !errors.Is(h.err, context.Canceled) {
				return h.conn, h.err
			}
			// The caller that was connecting gave up; this one did not.
		case <-ctx.Done():
			return nil, &Error{Host: to.Name, Op: "connect", Kind: Unreachable, Err: context.Cause(ctx)}
		}
	}
}

// isOver reports whether a hop is of no more use: it could not be made, or its connection was lost.
func (h *hop) isOver() bool {
	select {
	case <-h.ready:
	default:
		return false
	}
	if h.conn == nil {
		return true
	}
	select {
	case <-h.conn.gone:
		return true
	default:
		return false
	}
}

// Close ends the connections to the jump hosts, and with them all that go through them.
func (r *Routes) Close() {
	r.mu.Lock()
	hops := r.hops
	r.hops = nil
	r.mu.Unlock()
	for _, h := range hops {
		<-h.ready
		if h.conn != nil {
			_ = h.conn.Close()
		}
	}
}

// viaError is the error of a host whose jump host could not be reached. It keeps the kind, the code
// and the hint.
func viaError(to *sshconfig.Endpoint, err error) *Error {
	e := &Error{Host: to.Name, Op: "jump host", Kind: Unreachable, Err: err}
	var inner *Error
	if errors.As(err, &inner) {
		e.Kind, e.hint = inner.Kind, inner.hint
	}
	return e
}

// refused fills in why the jump host did not open a connection to an address.
func (c *Conn) refused(ctx context.Context, e *Error, err error, address string) {
	var refused *ssh.OpenChannelError
	e.code = fault.JumpHost
	e.hint = "try on the jump host: nc -vz " + hostAndPort(address)
	switch {
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
		if e.code = connectFault(e.Err); e.code == "" { // the caller gave up
			e.hint = ""
		}
	case !errors.As(err, &refused):
		e.Err, e.hint = c.blamed(err), ""
	case refused.Reason == ssh.Prohibited:
		e.Err, e.hint = errors.New("the jump host does not forward: "+oneLine(refused.Message)),
			"its sshd_config needs AllowTcpForwarding yes"
	default:
		e.Err = errors.New(oneLine(refused.Message))
	}
}

// blamed is the error of what went through this jump host: that of the jump host, when it is gone
// too. The notice of that may be on its way, so the host is asked.
func (c *Conn) blamed(err error) error {
	alive := make(chan error, 1)
	go func() { // not one of c.tasks: the jump host may be about to be closed, and this ends with its connection
		_, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil)
		alive <- err
	}()
	select {
	case gone := <-alive:
		if gone == nil {
			return err
		}
	case <-c.gone:
	}
	<-c.gone
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Errorf("jump host %s: %w", c.host.Name, c.cause)
}
