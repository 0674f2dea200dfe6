package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/human"
)

// plainPath is what mktemp may print. Anything else did not come from it, and goes into a later
// command line.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9._/-]+$`)

// stage makes a directory for the upload when the host's architecture is *machine. Otherwise it
// sets *machine to what the host is and returns no directory.
func (c *Conn) stage(ctx context.Context, machine *string) (string, error) {
	const op = "prepare the upload"
	s, ready, err := c.launch(ctx, op, stage(*machine, c.o.Agents.name(c.host.Name)), stageMark, c.o.Timeout)
	if err != nil {
		return "", err
	}
	if !ready {
		return "", c.failed(ctx, s, "/tmp", 0)
	}
	defer func() { _ = s.Close() }()
	var line []byte
	if err := c.await(ctx, op, func() error {
		line, err = io.ReadAll(io.LimitReader(s, 4<<10))
		return err
	}, func() {}); err != nil {
		return "", err
	}
	words := strings.Fields(string(line))
	if len(words) < 2 || words[0] == *machine && !plainPath.MatchString(words[1]) {
		return "", c.agentError(op, fmt.Errorf("expected an architecture and a directory, got %q", line))
	}
	if words[0] != *machine {
		*machine = words[0]
		return "", nil
	}
	return words[1], nil
}

// upload puts the compressed agent into the stage directory. It tries SFTP first, pipelined: one
// packet at a time takes a minute for what takes a second. Where there is no SFTP, or start-up
// files of the login shell print into it, the standard input of a command does as well.
func (c *Conn) upload(ctx context.Context, b *binary, dir string) error {
	const op = "upload the agent"
	packed, err := b.packed()
	if err != nil {
		return c.agentError(op, err)
	}
	whole := ctx
	limit := uploadTimeout(len(packed))
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fault.UploadFailed.Errorf("the upload took longer than %v", limit))
	defer cancel()
	before := c.net.sent.Load()
	err = c.send(ctx, op, packed, dir)
	var known *Error
	switch {
	case err == nil:
		return nil
	case c.isGone():
		gone := c.lost(op)
		sent := min(int64(c.net.sent.Load()-before), int64(len(packed)))
		gone.Err = fmt.Errorf("after %s of %s: %w", human.Size(sent), human.Size(int64(len(packed))), gone.Err)
		return gone
	case errors.As(err, &known) && known.Kind != Agent:
		return known
	}
	return c.diskError(whole, op, dir, int64(len(packed)), causeOf(err))
}

// uploadTimeout is how long an upload of so many bytes may take: a minute, and what a line of 32
// KiB/s needs.
func uploadTimeout(size int) time.Duration {
	return time.Minute + time.Duration(size)*time.Second/(32<<10)
}

// causeOf is the cause without the host and what was being done, for an Error that has both.
func causeOf(err error) error {
	if known := (*Error)(nil); errors.As(err, &known) {
		return known.Err
	}
	return err
}

// send is upload, once it is known how much there is to send.
func (c *Conn) send(ctx context.Context, op string, packed []byte, dir string) error {
	c.o.Log(fmt.Sprintf("%s: uploading the agent (%s)", c.host.Name, human.Size(int64(len(packed)))))
	client, err := c.sftp(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return c.stopped(ctx, op)
		}
		if c.isGone() {
			return c.lost(op)
		}
		c.o.Log(fmt.Sprintf("%s: no SFTP (%v); uploading through a command", c.host.Name, err))
		return c.pipe(ctx, op, packed, dir)
	}
	return c.await(ctx, op, func() error {
		defer func() { _ = client.Close() }()
		stop := context.AfterFunc(ctx, func() { _ = client.Close() })
		defer stop()
		f, err := client.Create(dir + "/" + stagedName)
		if err != nil {
			return err
		}
		n, err := f.ReadFrom(bytes.NewReader(packed))
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return fmt.Errorf("write %s after %d of %d bytes: %w", f.Name(), n, len(packed), err)
		}
		return nil
	}, func() {})
}

// sftp starts an SFTP client. OpenSSH takes packets of up to 256 KiB.
func (c *Conn) sftp(ctx context.Context) (*sftp.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	var client *sftp.Client
	var session *ssh.Session
	err := c.await(ctx, "start SFTP", func() error {
		var err error
		if session, err = c.client.NewSession(); err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, func() { _ = session.Close() })
		defer stop()
		stdin, err := session.StdinPipe()
		if err != nil {
			return err
		}
		stdout, err := session.StdoutPipe()
		if err != nil {
			return err
		}
		if err = session.RequestSubsystem("sftp"); err == nil {
			client, err = sftp.NewClientPipe(stdout, stdin, sftp.UseConcurrentWrites(true),
				sftp.MaxPacketUnchecked(255<<10))
		}
		if err != nil {
			_ = session.Close()
		}
		return err
	}, func() {
		if client != nil {
			_ = client.Close()
		}
	})
	return client, err
}

// pipe sends the upload as the standard input of a command.
func (c *Conn) pipe(ctx context.Context, op string, packed []byte, dir string) error {
	s, err := c.start(ctx, op, receive(dir))
	if err != nil {
		return err
	}
	c.tasks.Go(func() { _, _ = io.Copy(&s.noise, s.stdout) })
	return c.await(ctx, op, func() error {
		stop := context.AfterFunc(ctx, func() { _ = s.ssh.Close() })
		defer stop()
		_, err := s.Write(packed)
		s.stdin.Close()
		<-s.done
		if failed := s.exit(); failed != nil {
			return failed
		}
		return err
	}, func() {})
}

// install puts the upload in place and becomes the agent, in one command.
func (c *Conn) install(ctx context.Context, b *binary, dir string) (*Session, error) {
	const op = "install the agent"
	sum, err := b.sum()
	if err != nil {
		return nil, c.agentError(op, err)
	}
	s, ready, err := c.asRoot(ctx, op, func(as rise) string { return installAgent(c.o.root, sum, dir, as) },
		installTimeout)
	if err != nil {
		return nil, err
	}
	if !ready {
		return nil, c.failed(ctx, s, c.o.root, b.size())
	}
	s.op = "agent"
	return s, nil
}

// remove deletes the stage directory after a failure, as far as that is still possible. What stays
// is removed by the next upload an hour later.
func (c *Conn) remove(dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := c.start(ctx, "clean up", discard(dir))
	if err != nil {
		return
	}
	select {
	case <-s.done:
	case <-ctx.Done():
	}
	_ = s.ssh.Close()
}
