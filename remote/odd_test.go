package remote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
)

// TestMain is a login shell when sshd starts this program as one. The tests have a cache of their
// own.
func TestMain(m *testing.M) {
	if os.Getenv("LOGIN_SHELL") == "fish" {
		if err := fish(os.Getenv("SSH_ORIGINAL_COMMAND")); err != nil {
			fmt.Fprintln(os.Stderr, "fish:", err)
			os.Exit(127)
		}
	}
	dir, err := os.MkdirTemp("", "remote-cache-*")
	if err == nil {
		err = os.Setenv("XDG_CACHE_HOME", dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// fish runs a command line by the rules of fish, as far as a line of words goes: within single
// quotes a backslash escapes a quote or itself, within double quotes also a dollar, and outside of
// quotes what POSIX shells know is an error.
func fish(line string) error {
	var words []string
	var word strings.Builder
	begun, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\':
			i++
			if quote == 0 || i == len(line) || !strings.ContainsRune(`\'"$`, rune(line[i])) {
				return fmt.Errorf("a backslash at %d of %q", i, line)
			}
			word.WriteByte(line[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote == '"' && c == '$':
			return fmt.Errorf("a variable at %d of %q", i, line)
		case quote != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quote, begun = c, true
		case c == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		case strings.ContainsRune("$`;&|<>(){}*?~#", rune(c)):
			return fmt.Errorf("%q at %d of %q", c, i, line)
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if words = append(words, word.String()); quote != 0 || words[0] != "exec" {
		return fmt.Errorf("cannot run %q", words)
	}
	return syscall.Exec(words[1], words[1:], os.Environ())
}

// as is a line of sshd_config that runs a script instead of every command, which is in
// $SSH_ORIGINAL_COMMAND.
func as(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shell")
	trial.Write(t, path, "#!/bin/sh\n"+script+"\n", 0o755)
	return "ForceCommand " + path
}

// faked is a PATH in which these programs are scripts.
func faked(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range scripts {
		trial.Write(t, filepath.Join(dir, name), "#!/bin/sh\n"+script+"\n", 0o755)
	}
	return dir + ":" + usual
}

// TestOddHosts: hosts that are strange and work, for the upload and after it.
func TestOddHosts(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, host := range map[string]struct{ path, line string }{
		"a strict umask":      {usual, as(t, `umask 077; exec sh -c "$SSH_ORIGINAL_COMMAND"`)},
		"no umask":            {usual, as(t, `umask 000; exec sh -c "$SSH_ORIGINAL_COMMAND"`)},
		"a shell like fish":   {usual, "ForceCommand LOGIN_SHELL=fish exec " + self},
		"no sbin in the PATH": {"/usr/bin:/bin", ""},
		"another locale": {usual,
			as(t, `LANG=de_DE.UTF-8 LC_MESSAGES=de_DE.UTF-8 LANGUAGE=de exec sh -c "$SSH_ORIGINAL_COMMAND"`)},
		"a noisy start-up file": {usual,
			as(t, `echo Welcome; echo 'Last login: never' >&2; exec sh -c "$SSH_ORIGINAL_COMMAND"`)},
		"another directory": {usual, as(t, `cd / && exec sh -c "$SSH_ORIGINAL_COMMAND"`)},
		"an environment of traps": {usual,
			as(t, `ENV=/nonexistent BASH_ENV=/nonexistent TMPDIR=/nonexistent IFS=x exec sh -c `+
				`"$SSH_ORIGINAL_COMMAND"`)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newSSHD(t, host.path, host.line)
			o := Options{Agent: agentFile(t, "cat"), root: filepath.Join(t.TempDir(), "deep/agent")}
			for range 2 {
				session, err := connect(t, h, o).Node(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				echo(t, session, 1<<16)
			}
			for path, want := range map[string]os.FileMode{agentPath(o.root, sumOfFile(t, o.Agent)): 0o755,
				o.root: 0o755 | os.ModeDir} {
				if info, err := os.Stat(path); err != nil || info.Mode() != want {
					t.Errorf("%s: mode %v, want %v, %v", path, info.Mode(), want, err)
				}
			}
		})
	}
}

// TestUnusableHosts: hosts that cannot be used, and what is said of each.
func TestUnusableHosts(t *testing.T) {
	const full, readOnly = "No space left on device", "Read-only file system"
	// sftp-server cannot be had: the upload goes through a command, whose programs can be replaced.
	const noSFTP = "Subsystem sftp /bin/false"
	df := "echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'; echo 'tmpfs 1024 1000 24 98% /mnt/tmp'"
	for name, host := range map[string]struct {
		path, line string
		code       fault.Code
		words      []string
	}{
		"false as login shell": {usual, "ForceCommand /bin/false", fault.ShellNone,
			[]string{"exit status 1", "chsh -s /bin/sh"}},
		"nologin as login shell": {usual, "ForceCommand echo This account is currently not available.; exit 1",
			fault.ShellNone, []string{"not available"}},
		"a forced command": {usual, "ForceCommand echo only backups here", fault.ShellForced,
			[]string{"only backups here", "authorized_keys"}},
		"no sessions": {usual, "MaxSessions 0", fault.SessionRefused, []string{"MaxSessions"}},
		"a full /tmp": {faked(t, map[string]string{"cat": "echo 'cat: write error: " + full +
			"' >&2; exit 1", "df": df}),
			noSFTP, fault.HostNoSpace,
			[]string{"m1: upload the agent: no space in /tmp/kbootstrap.",
				" B needed, 24 kB free on /mnt/tmp", "df -h"}},
		"no inodes in /tmp": {faked(t, map[string]string{"mktemp": "echo 'mktemp: failed to create directory: " + full +
			"' >&2; exit 1"}), "", fault.HostNoSpace,
			[]string{"m1: prepare the upload: no space in /tmp", "free on /", "df -i /tmp"}},
		"a full /opt": {faked(t, map[string]string{"gzip": "echo 'gzip: stdout: " + full +
			"' >&2; exit 1", "df": df}), "",
			fault.HostNoSpace,
			[]string{"m1: install the agent: no space in ", "/agent: ", " B needed, 24 kB free on /mnt/tmp"}},
		"a quota": {faked(t, map[string]string{"cat": "echo 'cat: write error: Disk quota exceeded' >&2; exit 1"}),
			noSFTP,
			fault.HostNoSpace,
			[]string{"Disk quota exceeded"}},
		"a read-only /opt": {faked(t, map[string]string{"mkdir": "echo 'mkdir: cannot create directory: " + readOnly +
			"' >&2; exit 1"}), "", fault.HostReadOnly,
			[]string{"m1: install the agent: ", readOnly, "findmnt -T "}},
		"a read-only /tmp": {faked(t,
			map[string]string{"mktemp": "echo 'mktemp: failed to create directory: " + readOnly +
				"' >&2; exit 1"}), "", fault.HostReadOnly,
			[]string{"m1: prepare the upload: ", "findmnt -T /tmp"}},
		"a bad disk": {faked(t, map[string]string{"cat": "echo 'cat: write error: Input/output error' >&2; exit 1"}),
			noSFTP,
			fault.UploadFailed,
			[]string{"m1: upload the agent: ", "Input/output error"}},
		"noexec": {faked(t, map[string]string{"chmod": "exit 0"}), "", fault.HostNoExec,
			[]string{"exit status 126", "noexec"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newSSHD(t, host.path, host.line)
			root := filepath.Join(t.TempDir(), "agent")
			o := Options{Agent: agentFile(t, "cat"), root: root, Agents: &Agents{}}
			_, err := connect(t, h, o).Node(context.Background())
			failed(t, err, Agent, host.words...)
			coding(t, err, host.code)
			if left, _ := filepath.Glob("/tmp/" + o.Agents.name("*")); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
			if parts, _ := filepath.Glob(filepath.Join(root, "*", ".kbootstrap.*")); len(parts) != 0 {
				t.Errorf("left behind: %q", parts)
			}
			if installed := agentPath(root, sumOfFile(t, o.Agent)); host.code != fault.HostNoExec {
				if _, err := os.Stat(installed); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: %v", installed, err)
				}
			}
		})
	}
}
