package remote

import (
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
)

// tell sends the password. It goes through the channel only, and is neither logged nor kept
// anywhere on the host.
func (s *Session) tell(password string) {
	s.told++
	s.conn.tasks.Go(func() { _, _ = io.WriteString(s.stdin, password+"\n") })
}

// endSudo ends a sudo that asks again. That its input ends would count as another failure, so it is
// killed, which the user may do; only a host without signals (OpenSSH before 7.9) is left to read
// the end.
func (s *Session) endSudo() {
	s.again = true
	_ = s.ssh.Signal(ssh.SIGKILL)
	s.conn.tasks.Go(func() {
		timer := time.NewTimer(killGrace)
		defer timer.Stop()
		select {
		case <-s.done:
		case <-timer.C:
		}
		s.stdin.Close()
	})
}

// killGrace is how long a killed process may take to end.
const killGrace = 2 * time.Second

// needsPassword reports whether sudo -n ended because it would have had to ask.
func (s *Session) needsPassword() bool {
	_, code, _ := s.sudoSays()
	return code == fault.SudoNeedsPassword
}

// wasRefused reports whether the password was wrong.
func (s *Session) wasRefused() bool {
	_, code, _ := s.sudoSays()
	return code == fault.SudoPasswordWrong
}

// sudoMessages are what sudo and sudo-rs print when they refuse; LC_ALL=C keeps that in English.
// The first that fits counts.
var sudoMessages = []struct {
	says string
	code fault.Code
}{
	{"account is locked", fault.SudoAccount},
	{"is your account locked", fault.SudoAccount},
	{"ccount or password is expired", fault.SudoAccount},
	{"account has expired", fault.SudoAccount},
	{"PAM account management error", fault.SudoAccount},
	{"incorrect password attempt", fault.SudoPasswordWrong},
	{"incorrect authentication attempt", fault.SudoPasswordWrong},
	{"must have a tty", fault.SudoNeedsTTY},
	{"not in the sudoers file", fault.SudoNotAllowed},
	{"may not run sudo", fault.SudoNotAllowed},
	{"is not allowed to execute", fault.SudoNotAllowed},
	{"is not allowed to run sudo", fault.SudoNotAllowed},
	{"I'm afraid I can't do that", fault.SudoNotAllowed},
	{"password is required", fault.SudoNeedsPassword},
	{"authentication is required", fault.SudoNeedsPassword},
	{"a terminal is required to read the password", fault.SudoNeedsPassword},
	{"no tty present", fault.SudoNeedsPassword},
}

// sudoSays returns what sudo refused, if it was sudo that ended the command.
func (s *Session) sudoSays() (says string, code fault.Code, hint string) {
	text, user := withoutNames(s.Stderr()), s.conn.host.User
	says = strings.TrimPrefix(oneLine(text), "sudo: ")
	for _, known := range sudoMessages {
		if strings.Contains(text, known.says) {
			code = known.code
			break
		}
	}
	switch {
	case s.again && code != fault.SudoAccount: // it asked a second time
		code = fault.SudoPasswordWrong
	case code == fault.SudoPasswordWrong && s.told == 0: // it never asked, as pam_faillock has it
		code = fault.SudoAccount
	}
	switch code {
	case fault.SudoPasswordWrong:
		return "the password was wrong; the tool tried it once", code, wrongPasswordHint(s.conn.host)
	case fault.SudoNeedsPassword:
		return says, code, needsPasswordHint(user)
	case fault.SudoNotAllowed:
		return says, code,
			fmt.Sprintf("let %[1]s become root: echo '%[1]s ALL=(ALL) NOPASSWD: ALL' > "+
				"/etc/sudoers.d/kbootstrap there, or log in as root", user)
	case fault.SudoNeedsTTY:
		return says, code,
			fmt.Sprintf("lift this restriction for %[1]s: echo 'Defaults:%[1]s !requiretty' > "+
				"/etc/sudoers.d/kbootstrap-tty there, or log in as root", user)
	case fault.SudoAccount:
		return says, code, fmt.Sprintf("look at the account there: chage -l %[1]s; faillock --user %[1]s", user)
	}
	switch {
	case s.status() == 127 && strings.Contains(text, "env: ") && strings.Contains(text, "sudo"):
		return "sudo is not installed", fault.SudoMissing, "install sudo there, or log in as root"
	case strings.HasPrefix(text, "sudo: "):
		return says, fault.SudoFailed, ""
	}
	return "", "", ""
}

// promptWatch is where the standard error of a process goes. It notices the prompt of sudo, which
// may come in pieces.
type promptWatch struct {
	to      io.Writer
	last    string // the end of what was written, shorter than the prompt
	prompts chan struct{}
	spoke   chan struct{} // gets a value at the first text; may be nil
}

// maxPrompts is more prompts than anybody answers.
const maxPrompts = 8

func (w *promptWatch) Write(p []byte) (int, error) {
	text := w.last + string(p)
	for {
		_, after, found := strings.Cut(text, sudoPrompt)
		if !found {
			break
		}
		text = after
		select {
		case w.prompts <- struct{}{}:
		default:
		}
	}
	w.last = text[max(0, len(text)-len(sudoPrompt)+1):]
	n, err := w.to.Write(p)
	select {
	case w.spoke <- struct{}{}:
	default:
	}
	return n, err
}
