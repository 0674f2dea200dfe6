package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kbootstrap/fault"
)

// isMissing reports whether the process ended because the agent is not there or cannot be run: env
// says so with the exit status that POSIX gives for it, sudo only with its message.
func (s *Session) isMissing(path string) bool {
	text := s.Stderr()
	if !s.conn.host.Sudo {
		return s.status() == 126 || s.status() == 127
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "sudo: ") && strings.Contains(line, path) {
			return true // "command not found", "unable to execute …: Exec format error"
		}
	}
	return false
}

// failure is the error of a process that ended before it was ready.
func (s *Session) failure() *Error {
	e := &Error{Host: s.conn.host.Name, Op: s.op, Kind: Agent}
	if s.conn.host.Sudo {
		if says, code, hint := s.sudoSays(); code != "" {
			e.Op, e.Kind, e.Err, e.code, e.hint = "sudo", Sudo, errors.New(says), code, hint
			return e
		}
	}
	e.Err = fmt.Errorf("ended with exit status %d before it was ready%s", s.status(), s.said())
	said, printed := s.Stderr(), s.noise.String()
	switch {
	case s.status() == 126 || strings.Contains(said, "unable to execute"):
		e.code, e.hint = fault.HostNoExec, "is the file system of "+s.conn.o.root+
			" mounted noexec? findmnt -T "+s.conn.o.root
	case s.shell: // what the shell is does not matter any more
		e.code = fault.AgentEnded
	case strings.Contains(printed+said, "account is currently not available"):
		e.code, e.hint = fault.ShellNone, fmt.Sprintf("give %[1]s a login shell there: chsh -s /bin/sh %[1]s",
			s.conn.host.User)
	case said+printed == "" && s.status() == 1: // as /bin/false does, but not only that
		e.code, e.hint = fault.ShellNone, fmt.Sprintf("the command ended without a word, as it does where the "+
			"login shell "+
			"is /bin/false; look there: getent passwd %[1]s. This gives %[1]s a shell: chsh -s /bin/sh %[1]s",
			s.conn.host.User)
	case printed != "" && said == "":
		e.code, e.hint = fault.ShellForced,
			"does the login shell run commands? A forced command (command= in authorized_keys, "+
				"ForceCommand in sshd_config) prevents that"
	default:
		e.code = fault.AgentEnded
	}
	return e
}

// failureBelow is failure for a process that was to write so many bytes below a path.
func (s *Session) failureBelow(ctx context.Context, path string, need int64) *Error {
	e := s.failure()
	if e.code != fault.AgentEnded {
		return e
	}
	for _, says := range []string{"No space left on device", "Disk quota exceeded", "Read-only file system"} {
		if strings.Contains(s.Stderr(), says) {
			return s.conn.diskError(ctx, e.Op, path, need, e.Err)
		}
	}
	return e
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
