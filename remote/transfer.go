package remote

import (
	"context"
	"fmt"
	"io"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"kbootstrap/internal/human"
)

// transfer sends the compressed agent into a stage directory on the host.
type transfer struct {
	conn   *Conn
	op     string
	packed *packedAgent
	dir    string
}

// send tries SFTP, and a command if there is no SFTP.
func (t transfer) send(ctx context.Context) error {
	c := t.conn
	c.o.Log(fmt.Sprintf("%s: uploading the agent (%s)", c.host.Name, human.Size(t.packed.size)))
	client, err := t.sftp(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return c.stopped(ctx, t.op)
		}
		if c.isGone() {
			return c.lost(t.op)
		}
		c.o.Log(fmt.Sprintf("%s: no SFTP (%v); uploading through a command", c.host.Name, err))
		return t.pipe(ctx)
	}
	return c.await(ctx, t.op, func() error {
		defer func() { _ = client.Close() }()
		stop := context.AfterFunc(ctx, func() { _ = client.Close() })
		defer stop()
		f, err := client.Create(t.dir + "/" + stagedName)
		if err != nil {
			return err
		}
		n, err := f.ReadFrom(t.packed.reader())
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return fmt.Errorf("write %s after %d of %d bytes: %w", f.Name(), n, t.packed.size, err)
		}
		return nil
	}, func() {})
}

// sftp starts an SFTP client. OpenSSH takes packets of up to 256 KiB.
func (t transfer) sftp(ctx context.Context) (*sftp.Client, error) {
	c := t.conn
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
func (t transfer) pipe(ctx context.Context) error {
	c := t.conn
	s, err := c.start(ctx, t.op, receive(t.dir))
	if err != nil {
		return err
	}
	c.tasks.Go(func() { _, _ = io.Copy(&s.noise, s.stdout) })
	return c.await(ctx, t.op, func() error {
		stop := context.AfterFunc(ctx, func() { _ = s.ssh.Close() })
		defer stop()
		_, err := io.Copy(s, t.packed.reader())
		s.stdin.Close()
		<-s.done
		if failed := s.exit(); failed != nil {
			return failed
		}
		return err
	}, func() {})
}
