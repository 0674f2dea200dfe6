package remote

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/fault"
)

// A launch is a command that is waited for until it has said that it is there.
type launch struct {
	op       string
	command  string
	mark     string        // what it prints then
	limit    time.Duration // of that, when the shell has begun it
	rise     rise          // how it becomes root
	password string        // what sudo is told, once; when it asks again, it is ended
}

// The phases of a launch have times of their own, in multiples of Options.Timeout. A session that
// PAM opens may take 25 s where logind does not answer. sudo looks up the host's own name twice, and
// glibc takes 30 s for each with three servers that do not answer.
const (
	shellPatience = 2 // until the login shell has begun the command
	sudoPatience  = 6 // from then on until sudo has
)

// slow is how long a phase may take without being talked about.
const slow = 5 * time.Second

// launch runs a command and waits for the mark in its output. When the process ends without it, the
// session is returned as not ready, with its exit status, its output and its errors.
func (c *Conn) launch(ctx context.Context, op, command, mark string, limit time.Duration) (*Session, bool, error) {
	return c.launchAs(ctx, launch{op: op, command: command, mark: mark, limit: limit})
}

// launchAs is launch for a command that may become root.
func (c *Conn) launchAs(ctx context.Context, l launch) (*Session, bool, error) {
	first := max(l.limit, shellPatience*c.o.Timeout)
	opening, cancel := context.WithTimeoutCause(ctx, first,
		fault.LoginSlow.Errorf("the login worked, but no session was opened in %v", first))
	defer cancel()
	begin := time.Now()
	s, err := c.start(opening, l.op, l.command)
	if err != nil {
		return nil, false, err
	}
	marks := []string{l.mark}
	if l.rise != asUser {
		marks = []string{shellMark, l.mark}
	}
	found := make(chan bool, len(marks))
	c.tasks.Go(func() {
		for _, mark := range marks {
			ok := s.skipNoise(mark)
			found <- ok
			if !ok {
				return
			}
		}
	})
	phase := time.NewTimer(first)
	defer phase.Stop()
	var ended <-chan struct{} // s.done, once the output has ended: the process is about to
	for {
		select {
		case <-s.prompts:
			if s.told == 0 && l.password != "" {
				s.tell(l.password)
				continue
			}
			if !s.again {
				s.endSudo()
			}
		case ok := <-found:
			switch {
			case ok && len(marks) == 2 && !s.shell:
				s.shell = true
				c.slowShell(time.Since(begin))
				begin = time.Now()
				limit := max(l.limit, sudoPatience*c.o.Timeout)
				phase.Reset(limit)
				defer time.AfterFunc(2*slow, func() {
					c.notice(fmt.Sprintf("sudo has not answered for %v; the tool waits up to %v", 2*slow, limit))
				}).Stop()
				continue
			case ok && s.shell:
				c.slowSudo(s, time.Since(begin))
				return s, true, nil
			case ok:
				c.slowShell(time.Since(begin))
				return s, true, nil
			case s.flooded:
				_ = s.ssh.Close()
				return nil, false, &Error{Host: c.host.Name, Op: l.op, Kind: Agent,
					Err:  fmt.Errorf("more than 64 KiB of output, but no agent%s", s.said()),
					code: fault.ShellNoise, hint: "look at what the login shell prints"}
			}
			found, ended = nil, s.done
		case <-ended:
			if s.isCut() {
				return nil, false, c.lost(l.op)
			}
			return s, false, nil
		case <-ctx.Done():
			_ = s.ssh.Close()
			return nil, false, c.stopped(ctx, l.op)
		case <-phase.C:
			_ = s.ssh.Close()
			return nil, false, c.late(l, s, time.Since(begin))
		}
	}
}

// late is the error of a launch of which one phase took too long.
func (c *Conn) late(l launch, s *Session, waited time.Duration) *Error {
	waited = waited.Round(time.Second)
	if s.shell {
		cause, hint := sudoCause(s)
		return &Error{Host: c.host.Name, Op: "sudo", Kind: Sudo, code: fault.SudoSlow, hint: hint,
			Err: fmt.Errorf("the login shell ran the command, but sudo took longer than %v: %s%s", waited, cause, s.said())}
	}
	return &Error{Host: c.host.Name, Op: l.op, Kind: Agent,
		Err: fmt.Errorf("no answer of the login shell in %v%s", waited, s.said()), code: fault.ShellMute,
		hint: "does the login shell run commands? A forced command or a start-up file that waits " +
			"for input prevents that"}
}
