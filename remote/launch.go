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
	begins   bool          // it prints beginMark first, and then has work to do
	limit    time.Duration // of that
	rise     rise          // how it becomes root
	password string        // what sudo is told, once; when it asks again, it is ended
}

// A phase is a part of a launch with a time of its own, and words of its own for what takes too
// long.
type phase struct {
	name  string
	mark  string // what ends it
	limit time.Duration
}

// The names of phases.
const (
	shellPhase = "shell" // sshd opens the session, and the login shell begins the command
	sudoPhase  = "sudo"
	workPhase  = "work" // the command itself
)

// The phases that may be slow on a host that is well have multiples of Options.Timeout. A session
// that PAM opens may take 25 s where logind does not answer. sudo looks up the host's own name
// twice, and glibc takes 30 s for each with three servers that do not answer.
const (
	shellPatience = 2
	sudoPatience  = 6
)

// phases are those of the launch, in their order.
func (l launch) phases(timeout time.Duration) []phase {
	all := []phase{{name: shellPhase, limit: shellPatience * timeout}}
	if l.rise != asUser {
		all[0].mark = shellMark
		all = append(all, phase{name: sudoPhase, limit: sudoPatience * timeout})
	}
	if l.begins {
		all[len(all)-1].mark = beginMark
		all = append(all, phase{name: workPhase, limit: l.limit})
	}
	last := &all[len(all)-1]
	last.mark, last.limit = l.mark, max(last.limit, l.limit)
	return all
}

// slow is how long a phase may take without being talked about.
const slow = 5 * time.Second

// launch runs a command and waits for the mark in its output. When the process ends without it, the
// session is returned as not ready, with its exit status, its output and its errors.
func (c *Conn) launch(ctx context.Context, op, command, mark string, limit time.Duration) (*Session, bool, error) {
	return c.launchAs(ctx, launch{op: op, command: command, mark: mark, limit: limit})
}

// launchAs is launch for a command that may become root.
func (c *Conn) launchAs(ctx context.Context, l launch) (*Session, bool, error) {
	phases := l.phases(c.o.Timeout)
	first := phases[0].limit
	opening, cancel := context.WithTimeoutCause(ctx, first,
		fault.LoginSlow.Errorf("the login worked, but no session was opened in %v", first))
	defer cancel()
	begin := time.Now()
	s, err := c.start(opening, l.op, l.command)
	if err != nil {
		return nil, false, err
	}
	found := make(chan bool, len(phases))
	c.tasks.Go(func() {
		for _, p := range phases {
			ok := s.skipNoise(p.mark)
			if found <- ok; !ok {
				return
			}
		}
	})
	clock := time.NewTimer(first)
	defer clock.Stop()
	reached, silence := 0, func() {} // silence ends the talk about the phase
	defer func() { silence() }()
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
			case ok:
				c.tellSlow(s, phases[reached], time.Since(begin))
				if reached++; reached == len(phases) {
					return s, true, nil
				}
				s.shell = true
				begin = time.Now()
				clock.Reset(phases[reached].limit)
				silence()
				silence = c.tellWaiting(phases[reached])
			case s.flooded:
				_ = s.ssh.Close()
				return nil, false, &Error{Host: c.host.Name, Op: l.op, Kind: Agent,
					Err:  fmt.Errorf("more than 64 KiB of output, but no agent%s", s.said()),
					code: fault.ShellNoise, hint: "look at what the login shell prints"}
			default:
				found, ended = nil, s.done
			}
		case <-ended:
			if s.isCut() {
				return nil, false, c.lost(l.op)
			}
			return s, false, nil
		case <-ctx.Done():
			_ = s.ssh.Close()
			return nil, false, c.stopped(ctx, l.op)
		case <-clock.C:
			_ = s.ssh.Close()
			return nil, false, c.late(l.op, s, phases[reached])
		}
	}
}

// late is the error of a launch of which one phase took too long.
func (c *Conn) late(op string, s *Session, p phase) *Error {
	e := &Error{Host: c.host.Name, Op: op, Kind: Agent}
	switch p.name {
	case sudoPhase:
		cause, hint := sudoCause(s)
		e.Op, e.Kind, e.code, e.hint = "sudo", Sudo, fault.SudoSlow, hint
		e.Err = fmt.Errorf("the login shell ran the command, but sudo took longer than %v: "+
			"%s%s", p.limit, cause, s.said())
	case workPhase:
		e.code, e.hint = fault.AgentSilent, "look at what the host is busy with: uptime; vmstat 1 5"
		e.Err = fmt.Errorf("the command began, and was not done in %v%s", p.limit, s.said())
	default:
		e.code = fault.ShellMute
		e.Err = fmt.Errorf("no answer of the login shell in %v%s", p.limit, s.said())
		e.hint = "does the login shell run commands? A forced command or a start-up file that waits for input " +
			"prevents that"
	}
	return e
}
