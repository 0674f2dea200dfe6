package remote

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// sudoAfter is a host whose shell begins a command at once, and whose sudo says something and then
// takes a while.
func sudoAfter(says string, wait time.Duration) func(string, ssh.Channel) uint32 {
	return func(command string, ch ssh.Channel) uint32 {
		if !strings.Contains(command, markScript) {
			return 64
		}
		_, _ = io.WriteString(ch, "Welcome\n"+shellMark)
		_, _ = io.WriteString(ch.Stderr(), says)
		<-time.After(wait)
		_, _ = io.WriteString(ch, sentinel)
		return mute(command, ch)
	}
}

// TestSlowSudo: a sudo that waits for a name server is waited for, and then talked about with the
// cause that it has told itself; one that takes too long is no shell that is mute.
func TestSlowSudo(t *testing.T) {
	const noDNS = "sudo: unable to resolve host w1: Temporary failure in name resolution\n"
	for what, test := range map[string]struct {
		says   string
		wait   time.Duration
		notice string // "" for none
		code   fault.Code
		err    []string
	}{
		"quick": {"", time.Second, "", "", nil},
		"a DNS that is silent": {
			noDNS, 57 * time.Second, "m1: sudo took 57s: the host's name w1 is not in its /etc/hosts and its DNS " +
				"does not answer",
			"", nil,
		},
		"a DNS that does not know": {
			"sudo: unable to resolve host w1: Name or service not known\n", 6 * time.Second,
			"the host's name w1 is not in its /etc/hosts and its DNS does not know it", "", nil,
		},
		"no word": {"", 20 * time.Second, "m1: sudo took 20s: it has not said why", "", nil},
		"for ever": {
			noDNS, time.Hour, "m1: sudo has not answered for 10s; the tool waits up to 1m30s", fault.SudoSlow,
			[]string{"the login shell ran the command, but sudo took longer than 1m30s", "its DNS does not answer"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			inMemory(t, func(t *testing.T, s *server, h inventory.Host, o Options) {
				h.SSH.Sudo = new(true)
				s.exec = sudoAfter(test.says, test.wait)
				var mu sync.Mutex
				var notices []string
				o.Notice = func(text string) { mu.Lock(); defer mu.Unlock(); notices = append(notices, text) }
				_, err := connect(t, h, o).Node(context.Background())
				if test.code != "" {
					failed(t, err, Sudo, test.err...)
					coding(t, err, test.code)
				} else if err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				defer mu.Unlock()
				all := strings.Join(notices, "\n")
				if !strings.Contains(all, test.notice) || test.notice == "" && all != "" {
					t.Errorf("told %q, want %q", all, test.notice)
				}
			})
		})
	}
}

// TestUnresolvedNameIsNoFailure: sudo complains of the host's name and runs the command all the
// same; what ends afterwards did not end of that.
func TestUnresolvedNameIsNoFailure(t *testing.T) {
	inMemory(t, func(t *testing.T, s *server, h inventory.Host, o Options) {
		h.SSH.Sudo = new(true)
		s.exec = func(_ string, ch ssh.Channel) uint32 {
			_, _ = io.WriteString(ch, shellMark)
			_, _ = io.WriteString(ch.Stderr(), "sudo: unable to resolve host w1: Name or service not known\nout of "+
				"memory\n")
			return 1
		}
		_, err := connect(t, h, o).Node(context.Background())
		failed(t, err, Agent, "out of memory")
		coding(t, err, fault.AgentEnded)
	})
}

// TestSlowInstallation: unpacking that hangs is neither a mute shell nor a slow sudo, and one that
// takes long is no reason for a warning.
func TestSlowInstallation(t *testing.T) {
	for _, sudo := range []bool{false, true} {
		inMemory(t, func(t *testing.T, s *server, h inventory.Host, o Options) {
			h.SSH.Sudo = &sudo
			s.noSFTP = true
			s.exec = func(command string, ch ssh.Channel) uint32 {
				switch {
				case strings.Contains(command, stageMark):
					_, _ = io.WriteString(ch, stageMark+ownMachine()+" "+staged(command)+"\n")
					return 0
				case strings.Contains(command, "cat >"):
					_, _ = io.Copy(io.Discard, ch)
					return 0
				case strings.Contains(command, "gzip -dc"):
					if sudo {
						_, _ = io.WriteString(ch, shellMark)
					}
					_, _ = io.WriteString(ch, beginMark)
					return mute(command, ch)
				case sudo && strings.Contains(command, "sudo"):
					_, _ = io.WriteString(ch.Stderr(), "sudo: "+
						"/opt/kbootstrap/agent/"+command[strings.LastIndex(command, "agent/")+6:])
					return 1
				}
				return 127
			}
			o.Notice = func(text string) { t.Errorf("told %q", text) }
			_, err := connect(t, h, o).Node(context.Background())
			failed(t, err, Agent, "install the agent: the command began, and was not done in 2m0s")
			coding(t, err, fault.AgentSilent)
		})
	}
}
