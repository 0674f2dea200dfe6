package remote

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// askingSudo is a PATH whose sudo wants this password, as sudo does: three times, one byte at a
// time, by the prompt that it is given, before it looks for the command. What it was told is
// appended to the file.
func askingSudo(t *testing.T, password, told string) string {
	return fakeSudo(t, `case $1 in
-n) echo "sudo: a password is required" >&2; exit 1;;
-k) [ "$2$3" = -S-p ] || exit 64;;
*) exit 64;;
esac
prompt=$4; shift 4; tries=0
echo 'We trust you have received the usual lecture from the local System Administrator.' >&2
while :; do
	printf %s "$prompt" >&2
	IFS= read -r line || { echo >&2; echo 'sudo: no password was provided' >&2; echo "sudo: $tries incorrect password attempt" >&2; exit 1; }
	echo "$line" >> `+told+`
	[ "$line" = '`+password+`' ] && break
	tries=$((tries+1)); [ $tries = 3 ] && { echo 'sudo: 3 incorrect password attempts' >&2; exit 1; }
	echo 'Sorry, try again.' >&2
done
case $1 in */kbootstrap) [ -x "$1" ] || { echo "sudo: $1: command not found" >&2; exit 1; };; esac
exec env -i PATH=/usr/bin:/bin "$@"`)
}

// toldTo is what sudo was told.
func toldTo(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// sudoHost is a host whose sudo wants the password, and the file of what it was told.
func sudoHost(t *testing.T, password string) (inventory.Host, string) {
	t.Helper()
	told := filepath.Join(t.TempDir(), "told")
	h := newSSHD(t, askingSudo(t, password, told))
	h.SSH.Sudo = new(true)
	return h, told
}

// The password comes from a file or from the terminal; the agent gets its own bytes and no other.
func TestSudoPassword(t *testing.T) {
	const password = `s3cret '"$x`
	for _, source := range []string{"file", "terminal", "terminal at once"} {
		t.Run(source, func(t *testing.T) {
			h, told := sudoHost(t, `s3cret '"'"'"$x`)
			who := &asked{answers: []string{password}}
			o := Options{Agent: agentFile(t, "cat"), root: t.TempDir(), Secrets: &Secrets{}, Ask: who}
			var log []string
			var mu sync.Mutex
			o.Log = func(line string) { mu.Lock(); defer mu.Unlock(); log = append(log, line) }
			switch source {
			case "file":
				h.SSH.SudoPasswordFile = filepath.Join(t.TempDir(), "password")
				trial.Write(t, h.SSH.SudoPasswordFile, password+"\n", 0o600)
				o.Ask = nil
			case "terminal at once":
				o.AskSudo = true
			}
			for range 2 { // with an upload, and without one
				session, err := connect(t, h, o).Node(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				echo(t, session, 1<<20)
			}
			if source != "file" {
				who.was(t, "password of "+h.SSH.User+" for sudo")
			}
			// Two words a line: the start that found no agent, the installation, and the start of
			// the second time.
			if got := toldTo(t, told); len(got) != 6 {
				t.Errorf("told %q", got)
			}
			if strings.Contains(strings.Join(log, "\n"), "s3cret") {
				t.Errorf("the log has the password: %q", log)
			}
		})
	}
}

// A host where sudo wants no password is not told any.
func TestSudoPasswordNotWanted(t *testing.T) {
	h := newSSHD(t, fakeSudo(t, `[ "$1$2$3" = -k-S-p ] || exit 64; shift 4
case $1 in */kbootstrap) [ -x "$1" ] || { echo "sudo: $1: command not found" >&2; exit 1; };; esac
exec "$@"`))
	h.SSH.Sudo = new(true)
	h.SSH.SudoPasswordFile = filepath.Join(t.TempDir(), "password")
	trial.Write(t, h.SSH.SudoPasswordFile, "s3cret\n", 0o600)
	session, err := connect(t, h, Options{Agent: agentFile(t, "cat"), root: t.TempDir()}).Node(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	echo(t, session, 1<<10) // what comes back is what was sent, without a line before it
}

// A wrong password is tried once on one host, however many hosts there are.
func TestSudoWrongPassword(t *testing.T) {
	h, told := sudoHost(t, "right")
	h.SSH.SudoPasswordFile = filepath.Join(t.TempDir(), "password")
	trial.Write(t, h.SSH.SudoPasswordFile, "wrong\n", 0o600)
	o := Options{Agent: agentFile(t, "cat"), root: t.TempDir(), Secrets: &Secrets{}}
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		h.Name = fmt.Sprintf("m%d", i+1)
		c := connect(t, h, o)
		all.Go(func() { _, errs[i] = c.Node(context.Background()) })
	}
	all.Wait()
	tried := 0
	for _, err := range errs {
		failed(t, err, Sudo, "sudo: the password was", "counts towards locking")
		coding(t, err, fault.SudoPasswordWrong)
		if strings.Contains(err.Error(), "the tool tried it once") {
			tried++
		}
	}
	if got := toldTo(t, told); len(got) != 1 || tried != 1 {
		t.Errorf("told %q; tried on %d hosts: %v", got, tried, errs)
	}
}

// Without a terminal and without a file the message says what can be done.
func TestSudoNobodyToAsk(t *testing.T) {
	h, told := sudoHost(t, "right")
	o := Options{Agent: agentFile(t, "cat"), root: t.TempDir()}
	_, err := connect(t, h, o).Node(context.Background())
	failed(t, err, Sudo, "m1: sudo: ", "a password is required", "sudoPasswordFile", "NOPASSWD")
	coding(t, err, fault.SudoNeedsPassword)
	o.AskSudo = true
	_, err = connect(t, h, o).Node(context.Background())
	failed(t, err, Sudo, "there is no terminal to ask at")
	coding(t, err, fault.SudoNeedsPassword)
	o.Ask = &asked{answers: []string{""}}
	_, err = connect(t, h, o).Node(context.Background())
	failed(t, err, Sudo, "none was given")
	h.SSH.SudoPasswordFile = filepath.Join(t.TempDir(), "missing")
	_, err = connect(t, h, o).Node(context.Background())
	failed(t, err, Sudo, "no such file")
	coding(t, err, fault.PasswordFile)
	if got := toldTo(t, told); len(got) != 0 {
		t.Errorf("told %q", got)
	}
}

// What sudo says is told apart. An attempt that failed without a question is a locked account's.
func TestSudoCodes(t *testing.T) {
	for says, want := range map[string]fault.Code{
		"sudo: a password is required":                                                       fault.SudoNeedsPassword,
		"sudo: interactive authentication is required":                                       fault.SudoNeedsPassword,
		"vagrant is not in the sudoers file.":                                                fault.SudoNotAllowed,
		"Sorry, user vagrant may not run sudo on m1.":                                        fault.SudoNotAllowed,
		"sudo: I'm sorry vagrant. I'm afraid I can't do that":                                fault.SudoNotAllowed,
		"sudo: sorry, you must have a tty to run sudo":                                       fault.SudoNeedsTTY,
		"The account is locked due to 3 failed logins.\nsudo: 3 incorrect password attempts": fault.SudoAccount,
		"sudo: account validation failure, is your account locked?":                          fault.SudoAccount,
		"sudo: Account or password is expired, reset your password and try again":            fault.SudoAccount,
		"sudo: 1 incorrect password attempt":                                                 fault.SudoAccount,
		"sudo: /etc/sudo.conf is owned by uid 1000, should be 0":                             fault.SudoFailed,
	} {
		key := newEd25519(t)
		s := newServer(t, key)
		s.exec = func(_ string, ch ssh.Channel) uint32 {
			_, _ = io.WriteString(ch.Stderr(), says+"\n")
			return 1
		}
		h := s.trust(key)
		h.SSH.Sudo = new(true)
		_, err := connect(t, h, Options{Agent: agentFile(t, "cat")}).Node(context.Background())
		failed(t, err, Sudo, "m1: sudo: ")
		coding(t, err, want)
	}
}

// The prompt may come in pieces, and is not part of what was said.
func TestPromptInPieces(t *testing.T) {
	for size := 1; size <= len(sudoPrompt)+3; size++ {
		s := &Session{prompts: make(chan struct{}, maxPrompts)}
		w := &promptWatch{to: &s.stderr, prompts: s.prompts}
		text := "lecture\n" + sudoPrompt + "\nSorry, try again.\n" + sudoPrompt
		for len(text) > 0 {
			n := min(size, len(text))
			_, _ = io.WriteString(w, text[:n])
			text = text[n:]
		}
		if len(s.prompts) != 2 || s.Stderr() != "lecture\n\nSorry, try again." {
			t.Errorf("in pieces of %d: %d prompts, said %q", size, len(s.prompts), s.Stderr())
		}
	}
}
