package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"kbootstrap/fault"
	"kbootstrap/remote/sshconfig"
)

// rise is how a command becomes root.
type rise int

const (
	asUser          rise = iota // who is root already, or need not be
	withoutPassword             // sudo -n, which fails rather than asks
	withPassword                // sudo -S, which reads the password from standard input if it wants one
)

// sudoPrompt is the prompt that sudo is told to use. The password is sent when it appears, and not
// before: where sudo wants none, the line would be the first that the agent reads.
const sudoPrompt = "KBOOTSTRAP-PASSWORD:"

// sudo returns the words before a command that is to be root. With -k no cached credentials are
// used, so that sudo asks the first command and the second in the same way.
func (r rise) sudo() []string {
	switch r {
	case withoutPassword:
		return []string{"sudo", "-n"}
	case withPassword:
		return []string{"sudo", "-k", "-S", "-p", sudoPrompt}
	}
	return nil
}

// elevation makes commands on a connection run as root, and remembers what sudo wants there. It is
// safe for use by several goroutines.
type elevation struct {
	conn *Conn

	mu   sync.Mutex
	asks bool // sudo wanted a password
}

// next is how the next command becomes root.
func (e *elevation) next() rise {
	e.mu.Lock()
	defer e.mu.Unlock()
	host := e.conn.host
	switch {
	case !host.Sudo:
		return asUser
	case e.asks || host.SudoPasswordFile != "" || e.conn.o.AskSudo:
		return withPassword
	}
	return withoutPassword
}

// launch launches a command as root. Where sudo turns out to want a password, it is asked for, once
// in a run, and the command is launched again.
func (e *elevation) launch(ctx context.Context, l launch, command func(rise) string) (*Session, bool, error) {
	c := e.conn
	if as := e.next(); as != withPassword {
		l.command, l.rise = command(as), as
		s, ready, err := c.launchAs(ctx, l)
		if as == asUser || err != nil || ready || c.o.Ask == nil || !s.needsPassword() {
			return s, ready, err
		}
		e.mu.Lock()
		e.asks = true
		e.mu.Unlock()
	}
	p := c.o.Secrets.of("password of sudo of " + c.host.User + " from " + c.host.SudoPasswordFile)
	if err := p.take(ctx); err != nil {
		return nil, false, c.stopped(ctx, "sudo")
	}
	turn := true
	give := func() {
		if turn {
			turn = false
			p.give()
		}
	}
	defer give()
	if err := e.password(ctx, p); err != nil {
		return nil, false, &Error{Host: c.host.Name, Op: "sudo", Kind: Sudo, Err: err, hint: hintOf(err)}
	}
	text, proven := p.text, p.proven
	if proven {
		give()
	}
	l.command, l.rise, l.password = command(withPassword), withPassword, text
	s, ready, err := c.launchAs(ctx, l)
	if err != nil || s.told == 0 || proven {
		return s, ready, err
	}
	if s.wasRefused() {
		p.failed = &fault.Error{Code: fault.SudoPasswordWrong,
			Err: fmt.Errorf("the password was not tried: %s refused it, and each wrong password counts towards "+
				"locking the account", c.host.Name),
			Advice: wrongPasswordHint(c.host)}
	} else {
		p.proven = true
	}
	return s, ready, nil
}

// password gets the password, unless it is there.
func (e *elevation) password(ctx context.Context, p *secret) error {
	host := e.conn.host
	if p.text != "" || p.failed != nil {
		return p.failed
	}
	if path := host.SudoPasswordFile; path != "" {
		text, err := secretFile(path)
		p.text = text
		return err
	}
	text, err := ask(ctx, e.conn.o.Ask, fmt.Sprintf("password of %s for sudo", host.User))
	switch {
	case errors.Is(err, errNobody):
		return &fault.Error{Code: fault.SudoNeedsPassword, Err: fmt.Errorf("a password is needed, and %w", err),
			Advice: needsPasswordHint(host.User)}
	case err == nil && text == "":
		return &fault.Error{Code: fault.SudoNeedsPassword,
			Err:    errors.New("a password is needed, and none was given"),
			Advice: needsPasswordHint(host.User)}
	}
	p.text = text
	return err
}

// needsPasswordHint is what to do where sudo wants a password and there is none.
func needsPasswordHint(user string) string {
	return fmt.Sprintf("run the command at a terminal, where the tool asks for the password; or name a file with the "+
		"password in the inventory (ssh.sudoPasswordFile); "+
		"or let %[1]s become root without one: echo '%[1]s ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/kbootstrap there",
		user)
}

// wrongPasswordHint is what to do about a password that sudo did not take.
func wrongPasswordHint(host *sshconfig.Endpoint) string {
	if path := host.SudoPasswordFile; path != "" {
		return "correct " + path + "; each wrong password counts towards locking the account"
	}
	return "run the same command again; each wrong password counts towards locking the account"
}
