package remote

import (
	"errors"
	"fmt"
	"strings"
)

// isMissing says whether the process ended because the agent is not there or cannot be run: env says so with the exit
// status that POSIX gives for it, sudo only with its message.
func (s *Session) isMissing(path string) bool {
	text := s.Stderr()
	if !s.conn.host.SSH.Sudo {
		return s.status() == 126 || s.status() == 127
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "sudo: ") && strings.Contains(line, path) {
			return true // "command not found", "unable to execute …: Exec format error"
		}
	}
	return false
}

// nopasswd and notty are hints on refusals of sudo, formats of the user.
const (
	nopasswd = "let %[1]s become root without a password: echo '%[1]s ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/kbootstrap there, or log in as root"
	notty    = "lift that for %[1]s: echo 'Defaults:%[1]s !requiretty' > /etc/sudoers.d/kbootstrap-tty there, or log in as root"
)

// sudoHints are by what sudo prints when it refuses. LC_ALL=C keeps that in English.
var sudoHints = []struct{ says, hint string }{
	{"password is required", nopasswd},
	{"not in the sudoers file", nopasswd},
	{"may not run sudo", nopasswd},
	{"is not allowed to execute", nopasswd},
	{"is not allowed to run sudo", nopasswd},
	{"no tty present", nopasswd},
	{"must have a tty", notty},
}

// failure is the error of a process that ended before it was ready.
func (s *Session) failure() *Error {
	e := &Error{Host: s.conn.host.Name, Op: s.op, Kind: Agent}
	if s.conn.host.SSH.Sudo && s.sudoRefused(e) {
		return e
	}
	e.Err = fmt.Errorf("ended with exit status %d before it was ready%s", s.status(), s.said())
	switch {
	case s.status() == 126:
		e.hint = "is the file system of " + s.conn.o.root + " mounted noexec?"
	case s.noise.String() != "":
		e.hint = "does the login shell run commands? It printed something itself"
	}
	return e
}

// sudoRefused fills in the error when it was sudo that ended.
func (s *Session) sudoRefused(e *Error) bool {
	text, user := s.Stderr(), s.conn.host.SSH.User
	refuse := func(cause, hint string) bool {
		e.Op, e.Kind, e.Err, e.hint = "sudo", Sudo, errors.New(cause), hint
		return true
	}
	for _, known := range sudoHints {
		if strings.Contains(text, known.says) {
			return refuse(strings.TrimPrefix(oneLine(text), "sudo: "), fmt.Sprintf(known.hint, user))
		}
	}
	if s.status() == 127 && strings.Contains(text, "env: ") && strings.Contains(text, "sudo") {
		return refuse("it is not installed", "install sudo there, or log in as root")
	}
	if strings.HasPrefix(text, "sudo: ") {
		return refuse(strings.TrimPrefix(oneLine(text), "sudo: "), "")
	}
	return false
}

// said is what the process printed, for the end of a message.
func (s *Session) said() string {
	var said string
	if text := oneLine(s.Stderr()); text != "" {
		said += "; stderr: " + text
	}
	if text := oneLine(s.noise.String()); text != "" {
		said += "; stdout: " + text
	}
	return said
}
