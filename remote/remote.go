// Package remote reaches a host over SSH and ends in an io.ReadWriteCloser: on its other end runs
// `kbootstrap node` as root, the same build as this process, put there when it was missing.
//
// Start at Dial, which checks the host's key and logs in, then at Conn.Node. What crosses the
// connection after that is package node's business. How a host is reached is resolved in sshconfig,
// its key is judged in hostkey. The files are named after what they hold: jump hosts in routes.go,
// login in auth.go, the text of every remote command in command.go, the binary in agents.go, how it
// gets there in installer.go and transfer.go, how a command becomes root in elevation.go.
package remote

import (
	"cmp"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/remote/hostkey"
	"kbootstrap/remote/sshconfig"
)

// Options says how to connect. The zero value is ready for use.
type Options struct {
	// Dial opens the TCP connection to a host, or to the first jump host on the way to it; nil
	// means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout bounds dialling and the exchange of keys together; 15 s by default. What may be slow
	// on a host that is well has a multiple of it each, without the time in which a person is
	// asked: the login, the beginning of a session, and sudo. Uploads are bounded by KeepAlive and
	// the caller's context only.
	Timeout time.Duration
	// KeepAlive is the interval of the keepalive requests; 10 s by default. After three intervals
	// without a byte from the host the connection is closed with an error.
	KeepAlive time.Duration
	// Agent is the path of the kbootstrap binary to run on hosts of this machine's architecture;
	// os.Executable() by default. Hosts of another architecture get the file next to it that has
	// "-linux-<arch>" appended to its name, or that of packages (agentPlaces).
	Agent string
	// Agents keeps what was computed about the binaries. Share one between the hosts of a run, or
	// each of them reads and compresses the binary again; nil means not shared.
	Agents *Agents
	// Ask asks the person at the terminal; nil means that no one is there.
	Ask Asker
	// Routes keeps the connections to jump hosts. Share one between the hosts of a run and close it
	// after them, or each host has its own; nil means not shared.
	Routes *Routes
	// HostKeyPolicy says what happens with a host whose key is not known: "strict", "ask" or
	// "accept-new". When it is not empty it wins over the inventory and ssh_config, but not over a
	// pinned key.
	HostKeyPolicy string
	// Secrets keeps the answers. Share one between the hosts of a run, or each of them asks; nil
	// means not shared.
	Secrets *Secrets
	// AskSudo asks for the password of sudo without trying first whether sudo wants one.
	AskSudo bool
	// Log receives one line for each thing that an operator may want to know; nil discards them. It
	// may be called from several goroutines at once.
	Log func(string)
	// Notice is Log for what the operator should see in any case: a key that was recorded, a
	// setting that is not honoured. nil means Log.
	Notice func(string)

	root string // where the agents are on the host; tests have their own
}

// agentRoot is the directory on the host that holds a directory for each build, named by its sha256
// sum.
const agentRoot = "/opt/kbootstrap/agent"

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = 10 * time.Second
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Agents == nil {
		o.Agents = &Agents{}
	}
	if o.Secrets == nil {
		o.Secrets = &Secrets{}
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.Notice == nil {
		o.Notice = o.Log
	}
	if o.root == "" {
		o.root = agentRoot
	}
	return o
}

// Conn is a live SSH connection to one host, logged in. It is safe for use by several goroutines.
type Conn struct {
	host   *sshconfig.Endpoint
	o      Options
	client *ssh.Client
	net    *countingConn
	via    *Conn          // the jump host that it goes through, or nil
	routes *Routes        // to be closed with it, or nil
	gone   chan struct{}  // closed when the connection is over
	tasks  sync.WaitGroup // the goroutines that end with the connection

	elevation *elevation // how its commands become root
	noticed   sync.Map   // what the operator was told
	slept     sync.Once  // and once of a slow sudo

	mu    sync.Mutex
	cause error // why the connection ended; the first one wins
}

var errClosed = errors.New("the connection was closed")

// Dial connects to the host, verifies its key and logs in; the same for each jump host on the way.
// The context governs the dialling only; what it returns lives until Close. Every error is an
// *Error of kind Config, Unreachable, HostKey or Auth.
func Dial(ctx context.Context, h inventory.Host, o Options) (*Conn, error) {
	o = o.withDefaults()
	own := o.Routes == nil
	if own {
		o.Routes = &Routes{}
	}
	to, err := o.Routes.endpoint(h, o)
	if err != nil {
		return nil, err
	}
	c, err := dialAndLogIn(ctx, to, o)
	switch {
	case own && err != nil:
		o.Routes.Close()
	case own:
		c.routes = o.Routes
	}
	return c, err
}

// dialAndLogIn makes connections until one is logged in, or there is nothing left to try.
func dialAndLogIn(ctx context.Context, to *sshconfig.Endpoint, o Options) (*Conn, error) {
	keys, err := hostkey.New(to.Name, to.Trust, o.Notice)
	if err != nil {
		return nil, keyError(to.Name, err)
	}
	var via *Conn
	if to.Via != nil {
		if via, err = o.Routes.hop(ctx, to.Via, o); err != nil {
			return nil, viaError(to, err)
		}
	}
	id, err := newIdentity(ctx, to.Name, to.Credentials, o)
	if err != nil {
		return nil, loginError(to, err)
	}
	defer id.close()
	for {
		c, err := handshake(ctx, to, via, o, keys, id)
		if err != nil && keys.IsUnknown() {
			if refused := askAboutKey(ctx, keys, o); refused != nil {
				return nil, keyError(to.Name, refused)
			}
			continue
		}
		again, err := id.next(ctx, err)
		switch {
		case err == nil && !again:
			c.begin()
			return c, nil
		case err == nil:
		case again: // what the host wanted could not be had
			return nil, loginError(to, err)
		// A pinned fingerprint does not contain the type of the key, so each type is tried in turn.
		case !keys.DropRefusedType():
			return nil, err
		}
	}
}

// loginError returns the error of a login for which a key or secret could not be had.
func loginError(to *sshconfig.Endpoint, err error) *Error {
	return &Error{Host: to.Name, Op: "log in", Kind: Auth, Err: err, hint: hintOf(err)}
}

// keyError returns the error of a host whose key is not the right one.
func keyError(host string, err error) *Error {
	return &Error{Host: host, Op: "host key", Kind: HostKey, Err: err, hint: hintOf(err)}
}

// askAboutKey asks about the unknown key of the last handshake. One host asks at a time.
func askAboutKey(ctx context.Context, keys *hostkey.Checker, o Options) error {
	o.Routes.asking.Lock()
	defer o.Routes.asking.Unlock()
	return keys.Ask(ctx, o.Ask.Confirm)
}

// handshake makes one connection and logs in on it. x/crypto knows no context, so closing the
// socket is how to cancel. It has a deadline, or a host that accepts and then says nothing would
// hold us for ever.
func handshake(parent context.Context, to *sshconfig.Endpoint, via *Conn, o Options, keys *hostkey.Checker,
	id *identity) (*Conn, error) {
	ctx := newPatience(parent, limitOf(to, o))
	defer ctx.end()
	raw, err := dialEndpoint(ctx, to, via, o)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	counted := &countingConn{Conn: raw}
	keys.Begin()
	id.begin()
	sc, chans, reqs, err := ssh.NewClientConn(counted, to.Address, &ssh.ClientConfig{
		User:         to.User,
		Auth:         id.methods(ctx),
		AuthCallback: id.pause,
		HostKeyCallback: func(name string, address net.Addr, key ssh.PublicKey) error {
			// The rest is login, which ConnectTimeout does not bound, and which may be slow for
			// reasons of its own. Later exchanges of keys have no clock.
			if ctx.clock.Stop() {
				limit := loginPatience * o.Timeout
				ctx.start(limit, fault.LoginSlow.Errorf("the host showed its key, and then no answer to the login "+
					"in %v", limit))
			}
			return keys.Check(name, address, key)
		},
		HostKeyAlgorithms: keys.Algorithms,
		ClientVersion:     clientVersion,
	})
	switch {
	case err != nil && keys.Verdict != nil:
		return nil, keyError(to.Name, keys.Verdict)
	case err != nil && ctx.Err() != nil:
		return nil, handshakeError(ctx, to, err)
	case err != nil && keys.IsExhausted(err):
		return nil, keyError(to.Name, keys.Mismatch())
	case err != nil && keys.Accepted:
		return nil, id.refused(to, err)
	case err != nil:
		return nil, handshakeError(ctx, to, err)
	}
	if !stop() {
		_ = sc.Close()
		return nil, handshakeError(ctx, to, nil)
	}
	c := &Conn{host: to, o: o, client: ssh.NewClient(sc, chans, reqs), net: counted, via: via,
		gone: make(chan struct{})}
	c.elevation = &elevation{conn: c}
	if !ctx.asked {
		c.slowLogin(time.Since(ctx.begin))
	}
	return c, nil
}

// loginPatience is how long a login may take, in multiples of Options.Timeout: sshd may look up
// names before it answers, with the patience of glibc.
const loginPatience = 4

// limitOf is how long connecting and the exchange of keys may take.
func limitOf(to *sshconfig.Endpoint, o Options) time.Duration { return cmp.Or(to.Timeout, o.Timeout) }

// clientVersion is how we introduce ourselves.
const clientVersion = "SSH-2.0-kbootstrap"

// dialEndpoint opens the TCP connection, from here or from the jump host.
func dialEndpoint(ctx context.Context, to *sshconfig.Endpoint, via *Conn, o Options) (net.Conn, error) {
	e := &Error{Host: to.Name, Op: "dial " + to.Address, Kind: Unreachable}
	if via != nil {
		conn, err := via.client.DialContext(ctx, "tcp", to.Address)
		if err == nil {
			return conn, nil
		}
		e.Op += " from jump host " + via.host.Name
		via.refused(ctx, e, err, to.Address)
		return nil, e
	}
	conn, err := o.Dial(ctx, "tcp", to.Address)
	if err == nil {
		return conn, nil
	}
	e.Err = dialCause(ctx, err, limitOf(to, o))
	e.hint, e.code = dialHint(err, to), connectFault(err)
	if ctx.Err() != nil {
		e.code = connectFault(e.Err)
	}
	return nil, e
}

// begin starts what watches the connection.
func (c *Conn) begin() {
	c.tasks.Go(func() {
		err := c.client.Wait()
		if c.via != nil {
			err = c.via.blamed(err)
		}
		c.end(fault.HostLost.Errorf("connection lost: %w", err))
		close(c.gone)
	})
	c.tasks.Go(c.keepAlive)
}

// end records why the connection is over and closes it. Only the first reason is kept.
func (c *Conn) end(cause error) {
	c.mu.Lock()
	if c.cause == nil {
		c.cause = cause
	}
	c.mu.Unlock()
	_ = c.client.Close()
}

// lost is the error of everything that was under way when the connection ended.
func (c *Conn) lost(op string) *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Error{Host: c.host.Name, Op: op, Kind: Unreachable, Err: c.cause}
}

// Err returns why the connection is over, or nil while it is not, as far as is known.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// Close ends the connection and with it every session on it. It returns nil, also when the
// connection was lost before.
func (c *Conn) Close() error {
	c.end(errClosed)
	c.tasks.Wait()
	if c.routes != nil {
		c.routes.Close()
	}
	return nil
}
