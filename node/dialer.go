package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"kbootstrap/host"
)

// Stream is the way to a node, from which the sentinel line has been read.
type Stream interface {
	io.ReadWriteCloser
	// Cause returns why the stream ended, when that is known better than what was noticed of it.
	Cause(noticed error) error
}

// Dialer says how sessions to one host are opened, and opened again when they are lost.
type Dialer struct {
	// Dial opens a stream to a node of its own.
	Dial func(ctx context.Context) (Stream, error)
	// Holder makes each session the only one that may change the host. With nil it may only look.
	Holder *Holder
	// Acting is in whose name each session speaks to the API; nil means the users of kubeconfigs.
	Acting *host.Acting
	// Units are those whose existence is among the facts that are wanted: "kubelet.service".
	Units []string
	// Patiently calls try until no other run has the lock, or for as long as the caller likes. With
	// nil it is called once.
	Patiently func(ctx context.Context, try func() error) error
	// IsCut reports whether a first session was there and ended, so that the next may do better.
	IsCut func(err error) bool
	// MayPass reports whether an error of Dial may pass while a host boots or a line comes back.
	MayPass func(err error) bool
	// Away is how long a host whose session was lost may be away; 0 means five minutes, which is
	// enough for a reboot.
	Away time.Duration
	// Upload says what is on its way to the host, for an AwayError.
	Upload func() string
	// Log is told what becomes of sessions, and what the host was busy with.
	Log func(during, text string)
	// OnReboot is called when a host was rebooted since the session before.
	OnReboot func()
}

const (
	// sessions is how often a session to a host is opened before anything was done there, and how
	// often one that was lost is replaced.
	sessions = 5
	// firstBackoff is the pause after the first failure; each is twice as long as the one before,
	// up to lastBackoff.
	firstBackoff = 200 * time.Millisecond
	lastBackoff  = 5 * time.Second
)

// withDefaults fills in what the caller has nothing to say about.
func (d Dialer) withDefaults() Dialer {
	never := func(error) bool { return false }
	if d.Patiently == nil {
		d.Patiently = func(_ context.Context, try func() error) error { return try() }
	}
	if d.IsCut == nil {
		d.IsCut = never
	}
	if d.MayPass == nil {
		d.MayPass = never
	}
	if d.Away == 0 {
		d.Away = 5 * time.Minute
	}
	if d.Upload == nil {
		d.Upload = func() string { return "" }
	}
	if d.Log == nil {
		d.Log = func(string, string) {}
	}
	if d.OnReboot == nil {
		d.OnReboot = func() {}
	}
	return d
}

// Connect opens the first session. One that was cut, as sshd does to some when many come at once
// (MaxStartups), or in the middle of the upload of the agent, is opened again a few times. When the
// client's session is lost later, it opens another.
func (d Dialer) Connect(ctx context.Context) (*Client, Greeting, error) {
	d = d.withDefaults()
	c := &Client{keptSession{idle: idleTimeout, dialer: d, turn: make(chan struct{}, 1)}}
	c.stopped, c.stop = context.WithCancel(context.Background())
	for try, pause := 1, firstBackoff; ; try, pause = try+1, pause*2 {
		greeting, err := c.begin(ctx)
		switch {
		case err == nil:
			c.boot = greeting.Facts.BootID
			return c, greeting, nil
		case ctx.Err() != nil || !d.IsCut(err):
			return nil, Greeting{}, err
		case try == sessions:
			return nil, Greeting{}, fmt.Errorf("%w (%d tries)", err, sessions)
		}
		d.Log("connect", fmt.Sprintf("%v; trying again", err))
		if err := rest(ctx, pause); err != nil {
			return nil, Greeting{}, err
		}
	}
}

// begin opens a session, which is the client's from then on.
func (c *keptSession) begin(ctx context.Context) (Greeting, error) {
	stream, err := c.dialer.Dial(ctx)
	if err != nil {
		return Greeting{}, err
	}
	l := newLink(stream, c.idle)
	only := &keptSession{idle: c.idle, link: l} // no other request may use the new session yet
	var greeting Greeting
	err = c.dialer.Patiently(ctx, func() (err error) {
		greeting, err = only.open(ctx, c.dialer.Holder, c.dialer.Acting, c.dialer.Units)
		return err
	})
	c.requests.Add(only.requests.Load())
	if err != nil {
		var lost *LostError
		if errors.As(err, &lost) {
			err = stream.Cause(err)
		}
		_ = l.close()
		return Greeting{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link, c.stream = l, stream; c.closed {
		_ = l.close()
	}
	return greeting, nil
}

// rest waits, unless the context ends.
func rest(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
