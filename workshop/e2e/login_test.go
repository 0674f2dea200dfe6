//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// password is that of the users of these tests. It must be found nowhere.
const password = "s3cret-Canary-7Q"

// users are those of the tests: op may become root with a password, guest may not, and mute has no
// shell. Failures count.
const users = `
for user in op guest; do
	useradd -m -s /bin/bash $user; mkdir -p /home/$user/.ssh
	cp /home/vagrant/.ssh/authorized_keys /home/$user/.ssh/; chown -R $user: /home/$user/.ssh; chmod 700 /home/$user/.ssh
done
useradd -m -s /bin/false mute; cp -r /home/op/.ssh /home/mute/; chown -R mute: /home/mute/.ssh
echo 'op ALL=(ALL) ALL' >/etc/sudoers.d/op
cat >/etc/pam.d/common-auth <<EOF
auth requisite pam_faillock.so preauth
auth [success=1 default=ignore] pam_unix.so
auth [default=die] pam_faillock.so authfail
auth sufficient pam_faillock.so authsucc
EOF
echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/00-password.conf; systemctl reload ssh
`

// users makes them on a host.
func (l *lab) users(host string) {
	l.t.Helper()
	l.exec(host, "sh", "-ec", users)
	l.input(strings.NewReader("op:"+password+"\nguest:"+password+"\n"), host, "chpasswd")
}

// TestSudoBehindJump: a host that is reached through another one, and whose sudo wants a password.
func TestSudoBehindJump(t *testing.T) {
	l := newLab(t, "jump", "--control-planes", "1", "--workers", "1")
	l.users("cp1")
	l.users("w1")
	hosts := l.all()
	there := func(i int) string { return fmt.Sprintf("ssh: {address: 127.0.0.1, port: %d}", hosts[i].SSHPort) }
	inventory := l.with("ssh: {user: op, sudoPasswordFile: "+l.secret("good", password),
		"known_hosts", "other_hosts", "strict", "accept-new",
		there(1), fmt.Sprintf("ssh: {jump: vagrant@127.0.0.1:%d}", hosts[0].SSHPort))
	l.must(2*time.Minute, "plan", "-q", "-i", inventory)
	log := l.exec("w1", "journalctl", "--no-pager", "-o", "cat", "-t", "sshd")
	if !strings.Contains(log, "for op from "+hosts[0].Address) {
		t.Errorf("w1 was not reached through cp1:\n%s", log)
	}
}

// TestLogin: real hosts whose sudo wants a password, and hosts that are strange or broken in other
// ways.
func TestLogin(t *testing.T) {
	l := newLab(t, "login", "--control-planes", "1", "--workers", "0")
	l.users("cp1")
	good, wrong := l.secret("good", password), l.secret("wrong", "wrong-"+password)
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"sudo with a password", func(t *testing.T, l *lab) { sudoWithPassword(t, l, good) }},
		{"a wrong password is tried once", func(t *testing.T, l *lab) { sudoWrongPassword(t, l, wrong) }},
		{"not in the sudoers file", func(t *testing.T, l *lab) {
			l.refused("ssh: {user: guest, sudoPasswordFile: "+good, "KB2123", "guest is not in the sudoers file")
		}},
		{"no terminal", func(t *testing.T, l *lab) { l.refused("ssh: {user: op", "KB2121", "sudoPasswordFile") }},
		{"requiretty", func(t *testing.T, l *lab) {
			l.shell("echo 'Defaults:vagrant requiretty' >/etc/sudoers.d/zz-tty")
			l.refused("ssh: {user: vagrant", "KB2124", "!requiretty")
			l.shell("rm /etc/sudoers.d/zz-tty")
		}},
		{"login by password", func(t *testing.T, l *lab) {
			l.must(time.Minute, "plan", "-q", "-i",
				l.with("ssh: {user: op, passwordFile: "+good+", sudoPasswordFile: "+good, "key: id_ed25519, ", ""))
		}},
		{"false as login shell", func(t *testing.T, l *lab) { l.refused("ssh: {user: mute", "KB2212", "chsh") }},
		{"a full disk", func(t *testing.T, l *lab) {
			l.mounted("/opt/kbootstrap/agent", "size=1m", "KB2223", "no space in /opt/kbootstrap/agent", "needed")
			l.mounted("/tmp", "size=1m", "KB2223", "no space in /tmp/kbootstrap.", "free on /tmp")
		}},
		{"a read-only disk", func(t *testing.T, l *lab) {
			l.mounted("/opt/kbootstrap/agent", "ro", "KB2224", "Read-only file system")
		}},
		{"noexec", func(t *testing.T, l *lab) {
			l.mounted("/opt/kbootstrap/agent", "noexec", "KB2225", "noexec")
			l.shell("rm -rf /opt/kbootstrap/agent; mount -t tmpfs -o noexec tmpfs /tmp")
			l.must(time.Minute, "plan", "-q", "-i", l.inventory) // nothing is run from there
			l.shell("umount /tmp")
		}},
		{"interrupted", interrupted},
	} {
		t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) })
	}
	l.t = t
}

// shell runs a script as root on the first control plane.
func (l *lab) shell(script string) string {
	l.t.Helper()
	return l.exec("cp1", "sh", "-ec", script)
}

// secret writes a file that only its owner can read.
func (l *lab) secret(name, text string) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		l.fatalf("%v", err)
	}
	return path
}

// with is an inventory whose ssh line begins in another way, and in which texts are replaced by
// others.
func (l *lab) with(ssh string, replaced ...string) string {
	l.t.Helper()
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	path := filepath.Join(l.dir, "other.yaml")
	out := strings.NewReplacer(append(replaced, "ssh: {user: vagrant", ssh)...).Replace(string(text))
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		l.fatalf("%v", err)
	}
	return path
}

// refused expects that a plan with this beginning of the ssh line ends with the code and the words.
func (l *lab) refused(ssh string, words ...string) {
	l.t.Helper()
	r := l.run(time.Minute, "plan", "-i", l.with(ssh))
	for _, word := range words {
		if !strings.Contains(r.stderr, word) {
			l.t.Errorf("%q lacks %q", r.stderr, word)
		}
	}
	if r.code != 4 {
		l.t.Errorf("exit %d, want 4\n%s", r.code, r.stderr)
	}
}

// mounted expects these words from a plan while a directory of the host is a file system of that
// kind.
func (l *lab) mounted(dir, option string, words ...string) {
	l.t.Helper()
	l.shell("rm -rf /opt/kbootstrap/agent; mkdir -p " + dir + "; mount -t tmpfs -o " + option + " tmpfs " + dir)
	l.refused("ssh: {user: vagrant", words...)
	l.shell("umount " + dir)
	if left := l.shell("ls -d /tmp/kbootstrap.* 2>/dev/null || :"); left != "" {
		l.t.Errorf("left behind: %s", left)
	}
}

// sudoWithPassword watches the host while a plan becomes root there.
func sudoWithPassword(t *testing.T, l *lab, file string) {
	l.input(strings.NewReader(password+"\nthe-control\n"), "cp1", "sh", "-c", "cat >/root/patterns")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	watch := exec.CommandContext(ctx, l.kblab, "exec", "--dir", l.dir, "cp1", "--", "sh", "-c",
		"echo watching; until [ -e /root/stop ]; do grep -aof /root/patterns "+
			"/proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; done; :")
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	r := l.run(time.Minute, "plan", "-v", "-i", l.with("ssh: {user: op, sudoPasswordFile: "+file))
	if r.code != 0 {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	l.shell("sleep 1 & exec 3>/dev/null; sh -c 'sleep 1; :' the-control; touch /root/stop")
	var seen strings.Builder
	for lines.Scan() {
		seen.WriteString(lines.Text() + "\n")
	}
	if err := watch.Wait(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(seen.String(), "the-control") {
		t.Error("the watch does not see processes")
	}
	log, err := os.ReadFile(logOf(t, r.stderr))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"processes": seen.String(), "output": r.stdout + r.stderr, "log": string(log),
		"journal": l.exec("cp1", "journalctl", "--no-pager", "-o", "cat"),
		"files of the host": l.shell("grep -rlaF -e " + password[:8] +
			" /etc/sudoers.d /tmp /opt /var/lib/kbootstrap /run /var/log 2>/dev/null || :"),
	} {
		if strings.Contains(text, password) || name == "files of the host" && text != "" {
			t.Errorf("the password is in the %s:\n%s", name, text)
		}
	}
}

// logOf is the path of the run's log, which the tool prints, or which is the newest.
func logOf(t *testing.T, stderr string) string {
	t.Helper()
	for line := range strings.Lines(stderr) {
		if _, path, ok := strings.Cut(line, "log: "); ok {
			return strings.TrimSpace(path)
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	logs, _ := filepath.Glob(filepath.Join(home, ".local/state/kbootstrap/login/runs/*-plan.log"))
	if len(logs) == 0 {
		t.Fatal("there is no log")
	}
	return logs[len(logs)-1]
}

// sudoWrongPassword counts the failures that pam_faillock does, up to the lock.
func sudoWrongPassword(t *testing.T, l *lab, file string) {
	for failures := 1; failures <= 3; failures++ {
		l.refused("ssh: {user: op, sudoPasswordFile: "+file, "KB2122",
			"cp1: sudo: the password was wrong; the tool tried it once")
		if got := strings.Count(l.exec("cp1", "faillock", "--user", "op"), "sudo"); got != failures {
			t.Fatalf("run %d: faillock has %d failures", failures, got)
		}
	}
	l.refused("ssh: {user: op, sudoPasswordFile: "+file, "KB2126", "faillock --user op")
	l.exec("cp1", "faillock", "--user", "op", "--reset")
}

// interrupted presses Ctrl-C in the middle of things, after which nothing is left on the host.
func interrupted(t *testing.T, l *lab) {
	for _, c := range []struct{ name, prepare, mark string }{
		{"upload", "rm -rf /opt/kbootstrap/agent", "uploading the agent"},
		{"start", "", "up login: "},
		{"converge", "", "base: "},
	} {
		l.shell(c.prepare)
		r := l.interruptAt(t, c.mark, "up", "-v", "--progress", "plain", "-i", l.inventory)
		if r.code != 130 {
			t.Errorf("%s: exit %d\n%s", c.name, r.code, r.stderr)
		}
		l.eventually(20*time.Second, c.name+": nothing is left", contains("nothing"), "cp1", "sh", "-c",
			"pgrep -f '^/opt/kbootstrap/agent/.* node' || ls -d /tmp/kbootstrap.* "+
				"/run/kbootstrap-lock/lock.json 2>/dev/null || "+
				"find /opt/kbootstrap/agent /opt/kbootstrap/blobs -name '.kbootstrap.*' -o -name '*.part-*' "+
				"2>/dev/null | grep . || echo nothing")
	}
}

// interruptAt runs the program and presses Ctrl-C when its standard error has the mark.
func (l *lab) interruptAt(t *testing.T, mark string, arguments ...string) result {
	t.Helper()
	interrupt := func(c *exec.Cmd) { _ = c.Process.Signal(syscall.SIGINT) }
	return l.runAnd(t, 2*time.Minute, map[string]func(*exec.Cmd){mark: interrupt}, arguments...)
}

// runAnd runs the program and does something, once, at the first line of its standard error that
// has a mark.
func (l *lab) runAnd(t *testing.T, limit time.Duration, at map[string]func(*exec.Cmd), arguments ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, l.program, arguments...)
	var stdout, stderr bytes.Buffer
	c.Stdout = &stdout
	pipe, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var doing sync.WaitGroup
	begin := time.Now()
	lines := bufio.NewScanner(io.TeeReader(pipe, &stderr))
	for lines.Scan() {
		for mark, do := range at {
			if strings.Contains(lines.Text(), mark) {
				delete(at, mark)
				doing.Go(func() { do(c) })
			}
		}
	}
	_ = c.Wait()
	doing.Wait()
	if ctx.Err() != nil || len(at) > 0 {
		t.Fatalf("kbootstrap %s: %v; not seen: %v\n%s", strings.Join(arguments, " "), ctx.Err(), at, &stderr)
	}
	return result{code: c.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(),
		took: time.Since(begin)}
}

// TestLostConnection: in one run the connection is cut, and then the host loses its power and comes
// back.
func TestLostConnection(t *testing.T) {
	l := newLab(t, "lost", "--control-planes", "1", "--workers", "0")
	r := l.runAnd(t, 8*time.Minute, map[string]func(*exec.Cmd){
		"cp1: base: ": func(*exec.Cmd) {
			l.runLab(time.Minute, "exec", "cp1", "--", "pkill", "-f", "^sshd: vagrant")
		},
		"cp1: etcd: ": func(*exec.Cmd) {
			l.runLab(time.Minute, "kill", "cp1")
			l.runLab(time.Minute, "start", "cp1")
		},
	}, "up", "-v", "--progress", "plain", "-i", l.inventory)
	for _, words := range []string{"the connection was lost", "connected again", "the host rebooted during"} {
		if !strings.Contains(r.stderr, words) {
			t.Errorf("lacks %q", words)
		}
	}
	if r.code != 0 || t.Failed() {
		t.Fatalf("exit %d after %s\n%s", r.code, r.took, r.stderr)
	}
	l.upAgain()
	fmt.Fprintf(t.Output(), "up took %s\n", r.took)
}
