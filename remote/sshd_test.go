package remote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// usual is the PATH of a login.
const usual = "/usr/sbin:/usr/bin:/sbin:/bin"

// newSSHD starts the real sshd with an ed25519 and an ecdsa host key, for the user of this process,
// who finds programs in path and whose home directory is the test's. The lines are added to its
// configuration.
func newSSHD(t testing.TB, path string, lines ...string) inventory.Host {
	t.Helper()
	return startSSHD(t, newHome(t), path, lines...)
}

// startSSHD is newSSHD for a user who has a home directory.
func startSSHD(t testing.TB, client ssh.Signer, path string, lines ...string) inventory.Host {
	t.Helper()
	sshd := trial.Program(t, "sshd")
	if os.Getuid() == 0 { // Debian's unit makes it; sshd run by root does not start without
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	for _, keyType := range []string{"ed25519", "ecdsa"} {
		out, err := exec.CommandContext(t.Context(), trial.Program(t, "ssh-keygen"), "-q",
			"-N", "", "-t", keyType, "-f",
			filepath.Join(dir, keyType)).CombinedOutput()
		if err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	trial.Write(t, filepath.Join(dir, "authorized_keys"), string(ssh.MarshalAuthorizedKey(client.PublicKey())), 0o600)
	port := freePort(t)
	config := fmt.Sprintf("ListenAddress 127.0.0.1:%d\nHostKey %[2]s/ed25519\nHostKey %[2]s/ecdsa\nAuthorizedKeysFile "+
		"%[2]s/authorized_keys\n"+
		"PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\nSetEnv "+
		"PATH=%[3]s HOME=%[4]s\n%[5]s\n",
		port, dir, path, os.Getenv("HOME"), strings.Join(lines, "\n"))
	if !strings.Contains(config, "Subsystem") {
		config += "Subsystem sftp internal-sftp\n"
	}
	trial.Write(t, filepath.Join(dir, "sshd_config"), config, 0o600)
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), sshd, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("sshd:\n%s", &log)
		}
	})
	h := hostAt(fmt.Sprintf("127.0.0.1:%d", port))
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	h.SSH.User = me.Username
	h.SSH.HostKeyPolicy = "accept-new"
	awaitPort(t, port)
	return h
}

func freePort(t testing.TB) int {
	t.Helper()
	listener := listen(t)
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

func awaitPort(t testing.TB, port int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); <-tick.C {
		if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = conn.Close()
			return
		}
	}
	t.Fatal("sshd does not listen after 5 min")
}

// fakeSudo is a PATH whose sudo runs this script.
func fakeSudo(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	trial.Write(t, filepath.Join(dir, "sudo"), "#!/bin/sh\n"+script+"\n", 0o755)
	return dir + ":" + usual
}

func TestSSHD(t *testing.T) {
	h := newSSHD(t, usual)
	root, path := filepath.Join(t.TempDir(), "agent"), agentFile(t, "cat")
	for _, policy := range []string{"accept-new", "strict"} {
		h.SSH.HostKeyPolicy = policy
		c := connect(t, h, Options{Agent: path, root: root})
		session, err := c.Node(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		echo(t, session, 8<<20)
	}
	// ssh and we agree on which of the two keys is the one to record, and on how.
	out, err := exec.CommandContext(t.Context(), trial.Program(t, "ssh"), "-F", "none", "-p", fmt.Sprint(h.SSH.Port),
		"-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile="+h.SSH.KnownHosts, "-i", homeKeyPath(), h.SSH.User+"@127.0.0.1", "echo",
		"in").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "in" {
		t.Errorf("ssh: %v: %s", err, out)
	}
}

// What ssh-keyscan and ssh-keygen write is understood: each type of key alone, and hashed names.
func TestSSHDWithKeyscan(t *testing.T) {
	h := newSSHD(t, usual)
	h.SSH.HostKeyPolicy = "strict"
	for _, keyType := range []string{"ed25519", "ecdsa"} {
		scan := exec.CommandContext(t.Context(), trial.Program(t, "ssh-keyscan"), "-H", "-t", keyType, "-p",
			fmt.Sprint(h.SSH.Port), "127.0.0.1")
		out, err := scan.Output()
		if err != nil {
			t.Fatal(err)
		}
		trial.Write(t, h.SSH.KnownHosts, string(out), 0o600)
		if err := dial(h); err != nil {
			t.Errorf("%s: %v", keyType, err)
		}
	}
}

// Start-up files of the login shell that print break SFTP, unless it is internal, and nothing else.
func TestSSHDWithNoisyShell(t *testing.T) {
	noisy := filepath.Join(t.TempDir(), "noisy")
	trial.Write(t, noisy,
		"#!/bin/sh\necho Welcome to this host\necho and to its stderr >&2\nexec sh -c \"$SSH_ORIGINAL_COMMAND\"\n",
		0o755)
	server := ""
	for _, path := range []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server",
		"/usr/lib/ssh/sftp-server"} {
		if _, err := os.Stat(path); err == nil {
			server = path
		}
	}
	if server == "" {
		t.Fatal("there is no sftp-server; install openssh-sftp-server")
	}
	h := newSSHD(t, usual, "ForceCommand "+noisy, "Subsystem sftp "+server)
	c := connect(t, h, Options{Agent: agentFile(t, "cat"), root: t.TempDir()})
	for range 2 {
		session, err := c.Node(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		echo(t, session, 1<<20)
	}
}

func TestSSHDWithForcedCommand(t *testing.T) {
	c := connect(t, newSSHD(t, usual, "ForceCommand echo this account is for backups only; exit 1"),
		Options{Agent: agentFile(t, "cat"), root: t.TempDir()})
	_, err := c.Node(context.Background())
	failed(t, err, Agent, "exit status 1", "stdout: this account is for backups only", "login shell")
	coding(t, err, fault.ShellForced)
}

func TestSudo(t *testing.T) {
	// It does what -n does, and clears the environment as sudo does.
	h := newSSHD(t, fakeSudo(t, `[ "$1" = -n ] || exit 64; shift
case $1 in */kbootstrap) [ -x "$1" ] || { echo "sudo: $1: command not found" >&2; exit 1; };; esac
exec env -i PATH=/usr/bin:/bin LC_ALL="$LC_ALL" "$@"`))
	h.SSH.Sudo = new(true)
	c := connect(t, h, Options{Agent: agentFile(t, `sh -c "echo \$LC_ALL; cat"`), root: t.TempDir()})
	for range 2 {
		session, err := c.Node(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		locale := make([]byte, 2)
		if _, err := session.Read(locale); err != nil || string(locale) != "C\n" {
			t.Errorf("locale %q, %v", locale, err)
		}
		echo(t, session, 1<<20)
	}
}

func TestSudoRefuses(t *testing.T) {
	for says, words := range map[string][]string{
		"sudo: a password is required": {"m1: sudo: ", "password is required",
			"NOPASSWD"},
		"sudo: sorry, a password is required to run sudo": {"m1: sudo: ", "password is required",
			"NOPASSWD"},
		"vagrant is not in the sudoers file.  This incident will be reported.": {"is not in the sudoers file",
			"/etc/sudoers.d"},
		"Sorry, user vagrant may not run sudo on m1.": {"may not run sudo", "/etc/sudoers.d"},
		"Sorry, user vagrant is not allowed to execute 'kbootstrap' as root.": {"is not allowed to execute",
			"/etc/sudoers.d"},
		"sudo: sorry, you must have a tty to run sudo":                            {"must have a tty", "requiretty"},
		"sudo: no tty present and no askpass program specified":                   {"no tty present", "NOPASSWD"},
		"sudo: /etc/sudo.conf is owned by uid 1000, should be 0":                  {"should be 0"},
		`sudo: The "no new privileges" flag is set, which prevents sudo.`:         {"no new privileges"},
		"sudo: Account or password is expired, reset your password and try again": {"expired"},
	} {
		t.Run(says, func(t *testing.T) {
			key := newEd25519(t)
			s := newServer(t, key)
			s.exec = func(_ string, ch ssh.Channel) uint32 {
				_, _ = io.WriteString(ch.Stderr(), says+"\n")
				return 1
			}
			h := s.trust(key)
			h.SSH.Sudo = new(true)
			_, err := connect(t, h, Options{Agent: agentFile(t, "cat")}).Node(context.Background())
			failed(t, err, Sudo, append(words, "m1: sudo: ")...)
		})
	}
}

func TestNoSudo(t *testing.T) {
	h := newSSHD(t, t.TempDir())
	h.SSH.Sudo = new(true)
	_, err := connect(t, h, Options{Agent: agentFile(t, "cat"), root: t.TempDir()}).Node(context.Background())
	failed(t, err, Sudo, "m1: sudo: sudo is not installed", "install sudo")
	coding(t, err, fault.SudoMissing)
}
