package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
)

// passwordTries is how often a host is told a password, as ssh does.
const passwordTries = 3

// password is the password of a user for one host. Hosts share it: the first asks for it and tries
// it while the others wait, and a host that does not take it asks for its own.
type password struct {
	user, host string
	file       string
	o          Options

	shared *secret
	turn   bool   // we have the turn of shared
	text   string // what the next handshake offers
	wanted bool   // the host would take one, and there was none
	used   bool   // the host was told it in this handshake
	tries  int
	prompt string // of the question that it answered
}

func newPassword(user, host, file string, o Options) *password {
	return &password{user: user, host: host, file: file, o: o,
		shared: o.Secrets.of("password of " + user + " from " + file)}
}

// isAvailable reports whether there is a person to ask, or a file to read.
func (p *password) isAvailable() bool { return p.file != "" || p.o.Ask != nil }

// fetch gets a password for the next handshake.
func (p *password) fetch(ctx context.Context) error {
	if !p.turn && p.tries == 0 {
		if err := p.shared.take(ctx); err != nil {
			return err
		}
		p.turn = true
	}
	switch s := p.shared; {
	case p.tries == 0 && s.proven:
		p.text = s.text
		p.release()
		return nil
	case p.file != "" && p.tries > 0:
		return p.refused(fault.PasswordWrong.Errorf("%s: the password in %s was refused", p.user, p.file))
	case p.file != "":
		text, err := secretFile(p.file)
		if err != nil {
			return p.refused(err)
		}
		p.text = text
		return nil
	case p.tries == passwordTries:
		return p.refused(fault.PasswordWrong.Errorf("%s: the password was refused %d times", p.user, p.tries))
	}
	question := fmt.Sprintf("password of %s@%s", p.user, p.host)
	if p.tries > 0 {
		question = "refused; " + question
	}
	text, err := ask(ctx, p.o.Ask, question)
	if err != nil {
		return p.refused(err)
	}
	p.text = text
	return nil
}

// refused gives up.
func (p *password) refused(err error) error {
	p.release()
	return err
}

// markAccepted records that the host let us in. The password that it got is right for the other
// hosts too.
func (p *password) markAccepted() {
	if p.turn && p.used {
		p.shared.text, p.shared.proven = p.text, true
	}
	p.release()
}

// release lets the next host have its turn.
func (p *password) release() {
	if p.turn {
		p.turn = false
		p.shared.give()
	}
}

// begin is called before each handshake.
func (p *password) begin() { p.wanted, p.used, p.prompt = false, false, "" }

// methods are those that tell the host the password, if there is one, in the order of ssh.
func (p *password) methods(ctx *patience) []ssh.AuthMethod {
	if p.text == "" {
		return nil
	}
	return []ssh.AuthMethod{
		ssh.KeyboardInteractive(func(_, instruction string, questions []string, echos []bool) ([]string, error) {
			return p.answers(ctx, instruction, questions, echos)
		}),
		ssh.PasswordCallback(func() (string, error) {
			if p.used { // and refused: telling it again would count as another failure
				return "", errRefused
			}
			p.used = true
			return p.text, nil
		}),
	}
}

var errRefused = errors.New("the password was refused")

// answers answers the questions of the host. The first that must not be seen is the password; the
// others, such as for the code of a token, are passed on.
func (p *password) answers(ctx *patience, instruction string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i, question := range questions {
		switch {
		case !echos[i] && !p.used:
			p.used, p.prompt, answers[i] = true, question, p.text
			continue
		case !echos[i] && question == p.prompt: // asked again, so it was wrong
			return nil, errRefused
		}
		resume := ctx.pause()
		text, err := ask(ctx, p.o.Ask, fmt.Sprintf("%s@%s: %s%s", p.user, p.host, spaced(instruction), question))
		resume()
		if err != nil {
			return nil, fmt.Errorf("the host asks %q: %w", question, err)
		}
		answers[i] = text
	}
	return answers, nil
}

func spaced(text string) string {
	if text == "" {
		return ""
	}
	return oneLine(text) + " "
}

// isWanted reports whether the host would accept a password now, after the keys, while there is
// none yet. It also notes this in p.
func (p *password) isWanted(c *ssh.ClientAuthContext, keys bool) bool {
	offered := slices.Contains(c.AllowedMethods, "password") ||
		slices.Contains(c.AllowedMethods, "keyboard-interactive")
	keys = keys && slices.Contains(c.AllowedMethods, "publickey") && !slices.Contains(c.TriedMethods, "publickey")
	p.wanted = offered && !keys && p.text == "" && p.isAvailable()
	return p.wanted
}
