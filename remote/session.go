package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
)

// closeGrace is how long a process may take to end after its standard input was closed.
const closeGrace = 5 * time.Second

// Session is a process on the host: Read is its standard output, Write its standard input. One
// goroutine may read while another writes.
type Session struct {
	conn    *Conn
	op      string
	ssh     *ssh.Session
	stdin   io.WriteCloser
	stdout  io.Reader
	early   []byte // what was read behind the sentinel
	stderr  tail
	noise   tail          // what stood before the sentinel
	flooded bool          // the noise had no end
	prompts chan struct{} // a value for each prompt of sudo
	spoke   chan struct{} // a value once there is something on the standard error
	told    int           // how often sudo was told the password
	again   bool          // it asked once more
	shell   bool          // the login shell has run the command as far as to sudo
	done    chan struct{} // closed when the process has ended
	err     error         // of ssh.Session.Wait, once done is closed
}

// start runs a command. What x/crypto waits for, it waits for without end; it goes on in the
// background when the context ends, at most until the connection is closed.
func (c *Conn) start(ctx context.Context, op, command string) (*Session, error) {
	s := &Session{conn: c, op: op, done: make(chan struct{}), prompts: make(chan struct{}, maxPrompts),
		spoke: make(chan struct{}, 1)}
	err := c.await(ctx, op, func() error {
		var err error
		if s.ssh, err = c.client.NewSession(); err != nil {
			return err
		}
		if s.stdin, err = s.ssh.StdinPipe(); err != nil {
			return err
		}
		out, err := s.ssh.StdoutPipe()
		if err != nil {
			return err
		}
		s.stdout = &turns{from: out}
		s.ssh.Stderr = &promptWatch{to: &s.stderr, prompts: s.prompts, spoke: s.spoke}
		if err := s.ssh.Start(command); err != nil {
			_ = s.ssh.Close()
			return err
		}
		c.tasks.Go(func() {
			s.err = s.ssh.Wait()
			close(s.done)
		})
		return nil
	}, func() {
		if s.ssh != nil {
			_ = s.ssh.Close()
		}
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// await runs f until the context or the connection ends. When f comes back later than that, undo
// runs.
func (c *Conn) await(ctx context.Context, op string, f func() error, undo func()) error {
	done := make(chan error)
	c.tasks.Go(func() {
		err := f()
		select {
		case done <- err:
		case <-ctx.Done():
			undo()
		}
	})
	select {
	case err := <-done:
		var known *Error
		switch {
		case err == nil:
			return nil
		case errors.As(err, &known):
			return known
		case c.isGone():
			return c.lost(op)
		}
		return channelError(c.host.Name, op, err)
	case <-ctx.Done():
		return c.stopped(ctx, op)
	}
}

// stopped is the error of what was given up because the context ended.
func (c *Conn) stopped(ctx context.Context, op string) *Error {
	return &Error{Host: c.host.Name, Op: op, Kind: Unreachable, Err: context.Cause(ctx)}
}

// channelError is the error of a channel that could not be opened, or of what was done on one.
func channelError(host, op string, err error) *Error {
	e := &Error{Host: host, Op: op, Kind: Agent, Err: err, hint: hintOf(err)}
	if open := (*ssh.OpenChannelError)(nil); errors.As(err, &open) {
		e.code = fault.SessionRefused
		e.hint = "the host refuses sessions: look at MaxSessions, ForceCommand and the key's options in authorized_keys"
	}
	return e
}

// isGone reports whether the connection is over. A channel learns of it a moment before the
// connection does, hence the short wait; ask only when something failed.
func (c *Conn) isGone() bool {
	c.mu.Lock()
	ending := c.cause != nil
	c.mu.Unlock()
	if ending {
		return true
	}
	select {
	case <-c.gone:
		return true
	case <-time.After(50 * time.Millisecond):
		return false
	}
}

// isCut reports whether the process is over without an exit status, because the connection is. done
// must be closed.
func (s *Session) isCut() bool {
	var exit *ssh.ExitError
	return s.err != nil && !errors.As(s.err, &exit) && s.conn.isGone()
}

// noiseLimit is how much may stand before the mark, in bytes.
const noiseLimit = 64 << 10

// skipNoise reads up to and including the mark and keeps what came behind it for Read. At the end
// of the output it returns false, and after noiseLimit bytes too.
func (s *Session) skipNoise(mark string) bool {
	before, got := s.noise.String(), s.early
	s.early = nil
	chunk := make([]byte, 4<<10)
	for from := 0; len(got) < noiseLimit; {
		if i := bytes.Index(got[from:], []byte(mark)); i >= 0 {
			s.noise.set(before + string(got[:from+i])) // without a part of the mark that came by itself
			s.early = got[from+i+len(mark):]
			return true
		}
		from = max(0, len(got)-len(mark))
		n, err := s.stdout.Read(chunk)
		if n == 0 && err != nil {
			return false
		}
		got = append(got, chunk[:n]...)
		_, _ = s.noise.Write(chunk[:n])
	}
	s.flooded = true
	return false
}

// Read reads the standard output. At its end it returns io.EOF, or an *Error of kind Unreachable
// when the output ended because the connection did.
func (s *Session) Read(p []byte) (int, error) {
	if len(s.early) > 0 {
		n := copy(p, s.early)
		s.early = s.early[n:]
		return n, nil
	}
	n, err := s.stdout.Read(p)
	if err != io.EOF {
		return n, err
	}
	// x/crypto says EOF in both cases. The exit status follows the end of the output at once,
	// unless the process goes on without one.
	select {
	case <-s.done:
		if s.isCut() {
			return n, s.conn.lost(s.op)
		}
	case <-time.After(time.Second):
	}
	return n, io.EOF
}

// Write writes to the standard input.
func (s *Session) Write(p []byte) (int, error) {
	n, err := s.stdin.Write(p)
	if err != nil && s.conn.isGone() {
		return n, s.conn.lost(s.op)
	}
	return n, err
}

// Stderr returns the last lines of the standard error, at most 4 KiB.
func (s *Session) Stderr() string {
	return strings.TrimSpace(strings.ReplaceAll(s.stderr.String(), sudoPrompt, ""))
}

// Wait waits until the process has ended and returns nil when it exited with 0, an *Error of kind
// Agent with its status and the last lines of its standard error, or one of kind Unreachable when
// the connection was lost.
func (s *Session) Wait() error {
	<-s.done
	return s.exit()
}

// exit is the result of the process; done must be closed.
func (s *Session) exit() error {
	if s.err == nil {
		return nil
	}
	if s.isCut() {
		return s.conn.lost(s.op)
	}
	cause := s.err
	if exit := (*ssh.ExitError)(nil); errors.As(s.err, &exit) {
		cause = fmt.Errorf("exit status %d", exit.ExitStatus())
		if exit.Signal() != "" {
			cause = fmt.Errorf("killed by signal %s", exit.Signal())
		}
	}
	if text := oneLine(s.Stderr()); text != "" {
		cause = fmt.Errorf("%w: %s", cause, text)
	}
	return &Error{Host: s.conn.host.Name, Op: s.op, Kind: Agent, Err: cause}
}

// status is the exit status; -1 when there is none. done must be closed.
func (s *Session) status() int {
	if s.err == nil {
		return 0
	}
	if exit := (*ssh.ExitError)(nil); errors.As(s.err, &exit) {
		return exit.ExitStatus()
	}
	return -1
}

// Close closes the standard input, at which the process ends, waits for that a few seconds, and
// closes the channel, at which sshd ends what is left. It returns nil.
func (s *Session) Close() error {
	s.stdin.Close()
	// A process that is stuck in writing does not see the end of its input.
	s.conn.tasks.Go(func() { _, _ = io.Copy(io.Discard, s.stdout) })
	select {
	case <-s.done:
	case <-time.After(closeGrace):
	}
	_ = s.ssh.Close()
	return nil
}
