package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/internal/human"
)

// installTimeout bounds unpacking, verifying and syncing the agent on the host.
const installTimeout = 2 * time.Minute

// stageDirectory matches what mktemp prints for a name, and nothing else: root removes that
// directory, whatever the start-up files of the login shell say that it is.
func stageDirectory(name string) *regexp.Regexp {
	return regexp.MustCompile(`^/tmp/` + regexp.QuoteMeta(name) + `\.[A-Za-z0-9]{10}$`)
}

// installer brings the agent to the host of a connection, and starts it there.
type installer struct{ conn *Conn }

// start runs the agent if the host has it, and returns errMissing otherwise.
func (in installer) start(ctx context.Context, b *binary) (*Session, error) {
	c := in.conn
	const op = "start the agent"
	sum, err := b.sum()
	if err != nil {
		return nil, c.agentError("read the agent", err)
	}
	s, ready, err := c.elevation.launch(ctx, launch{op: op, mark: sentinel, limit: c.o.Timeout},
		func(as rise) string { return startAgent(c.o.root, sum, as) })
	switch {
	case err != nil:
		return nil, err
	case ready:
		s.op = "agent"
		return s, nil
	case s.isMissing(agentPath(c.o.root, sum)):
		return nil, errMissing
	}
	return nil, s.failureBelow(ctx, c.o.root, 0)
}

// stage makes a directory for the upload when the host's architecture is *machine. Otherwise it
// sets *machine to what the host is and returns no directory.
func (in installer) stage(ctx context.Context, machine *string) (string, error) {
	c := in.conn
	const op = "prepare the upload"
	name := c.o.Agents.name(c.host.Name)
	s, ready, err := c.launch(ctx, op, stage(*machine, name), stageMark, c.o.Timeout)
	if err != nil {
		return "", err
	}
	if !ready {
		return "", s.failureBelow(ctx, "/tmp", 0)
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
	if len(words) < 2 || words[0] == *machine && !stageDirectory(name).MatchString(words[1]) {
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
func (in installer) upload(ctx context.Context, b *binary, dir string) error {
	c := in.conn
	const op = "upload the agent"
	packed, err := b.packed()
	if err != nil {
		return c.agentError(op, err)
	}
	whole := ctx
	limit := uploadTimeout(packed.size)
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fault.UploadFailed.Errorf("the upload took longer than %v", limit))
	defer cancel()
	before := c.net.sent.Load()
	err = transfer{c, op, packed, dir}.send(ctx)
	var known *Error
	switch {
	case err == nil:
		return nil
	case c.isGone():
		gone := c.lost(op)
		sent := min(int64(c.net.sent.Load()-before), packed.size)
		gone.Err = fmt.Errorf("after %s of %s: %w", human.Size(sent), human.Size(packed.size), gone.Err)
		return gone
	case errors.As(err, &known) && known.Kind != Agent:
		return known
	}
	return c.diskError(whole, op, dir, packed.size, causeOf(err))
}

// uploadTimeout is how long an upload of so many bytes may take: a minute, and what a line of 32
// KiB/s needs.
func uploadTimeout(size int64) time.Duration {
	return time.Minute + time.Duration(size)*time.Second/(32<<10)
}

// causeOf is the cause without the host and what was being done, for an Error that has both.
func causeOf(err error) error {
	if known := (*Error)(nil); errors.As(err, &known) {
		return known.Err
	}
	return err
}

// install puts the upload in place and becomes the agent, in one command.
func (in installer) install(ctx context.Context, b *binary, dir string) (*Session, error) {
	c := in.conn
	const op = "install the agent"
	sum, err := b.sum()
	if err != nil {
		return nil, c.agentError(op, err)
	}
	s, ready, err := c.elevation.launch(ctx, launch{op: op, mark: sentinel, begins: true, limit: installTimeout},
		func(as rise) string { return installAgent(c.o.root, sum, dir, as) })
	if err != nil {
		return nil, err
	}
	if !ready {
		b.forget()
		return nil, s.failureBelow(ctx, c.o.root, b.size())
	}
	s.op = "agent"
	return s, nil
}

// remove deletes the stage directory after a failure, as far as that is still possible. What stays
// is removed by the next upload an hour later.
func (in installer) remove(dir string) {
	c := in.conn
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
