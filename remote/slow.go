package remote

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"kbootstrap/internal/shell"
)

// notice tells the operator of a phase that took long, once for each text.
func (c *Conn) notice(text string) {
	if _, known := c.noticed.LoadOrStore(text, true); !known {
		c.o.Notice(c.host.Name + ": " + text)
	}
}

// slowLogin talks about a login that took long.
func (c *Conn) slowLogin(took time.Duration) {
	if took >= slow {
		c.notice(fmt.Sprintf("the login took %v: sshd waits for something before it lets the user in; often it "+
			"looks up "+
			"the client's name (UseDNS), or PAM asks a directory", took.Round(time.Second)))
	}
}

// tellSlow talks about a phase of a launch that took long. What the command itself takes is no
// matter for a warning.
func (c *Conn) tellSlow(s *Session, p phase, took time.Duration) {
	if took < slow {
		return
	}
	seconds := took.Round(time.Second)
	switch p.name {
	case shellPhase:
		c.notice(fmt.Sprintf("a session took %v to begin: PAM or a start-up file of the login shell waits for "+
			"something",
			seconds))
	case sudoPhase:
		// What sudo printed before comes on another channel, which may be a moment behind.
		select {
		case <-s.spoke:
		case <-time.After(stderrGrace):
		}
		cause, hint := sudoCause(s)
		c.slept.Do(func() {
			c.notice(fmt.Sprintf("sudo took %v: %s; each run waits so long again (hint: %s)", seconds, cause, hint))
		})
	}
}

// tellWaiting talks about a sudo that has not answered for a while; the returned function is called
// when that is over.
func (c *Conn) tellWaiting(p phase) (done func()) {
	if p.name != sudoPhase {
		return func() {}
	}
	timer := time.AfterFunc(2*slow, func() {
		c.notice(fmt.Sprintf("sudo has not answered for %v; the tool waits up to %v", 2*slow, p.limit))
	})
	return func() { timer.Stop() }
}

// stderrGrace is how long the standard error may be behind the standard output.
const stderrGrace = 200 * time.Millisecond

// unresolved is what sudo says of the host's own name.
var unresolved = regexp.MustCompile(`sudo: unable to resolve host ([^\s:]+)(.*)`)

// sudoCause is why sudo takes long, as far as it has said so itself, and what to do.
func sudoCause(s *Session) (cause, hint string) {
	m := unresolved.FindStringSubmatch(s.Stderr())
	if m == nil {
		return "it has not said why", "look at how long it takes there: time sudo -n true; a name that does not " +
			"resolve, " +
			"PAM, or sudoers in a directory can be the reason"
	}
	name := m[1]
	cause = fmt.Sprintf("the host's name %s is not in its /etc/hosts and its DNS does not know it", name)
	if strings.Contains(m[2], "Temporary failure") || strings.Contains(m[2], "timed out") {
		cause = fmt.Sprintf("the host's name %s is not in its /etc/hosts and its DNS does not answer", name)
	}
	return cause, "on " + s.conn.host.Name + ": echo " + shell.Quote("127.0.1.1 "+name) + " | sudo tee -a /etc/hosts"
}

// withoutNames is the standard error of a process without what sudo says of the host's own name,
// which does not end anything.
func withoutNames(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if !unresolved.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}
