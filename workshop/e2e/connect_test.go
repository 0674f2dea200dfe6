//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestConnect: host keys and the way to a host, on bare hosts.
func TestConnect(t *testing.T) {
	l := newLab(t, "connect", "--control-planes", "1", "--workers", "1")
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"a changed host key stops the run", changedKey},
		{"hosts trust, then strict", hostsTrust},
		{"a jump host of the inventory", jumpOfInventory},
		{"a jump host of ssh_config", jumpOfConfig},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// reaches checks that both hosts are reached and looked at.
func (l *lab) reaches() {
	l.t.Helper()
	if r := l.run(2*time.Minute, "plan", "-i", l.inventory, "--detailed-exitcode"); r.code != 3 {
		l.fatalf("plan: exit %d, want 3\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// refuses checks that plan ends with this exit code and code.
func (l *lab) refuses(code string, words ...string) {
	l.t.Helper()
	r := l.run(time.Minute, "plan", "-i", l.inventory)
	if r.code != 4 {
		l.fatalf("plan: exit %d, want 4\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, word := range append(words, "error["+code+"]") {
		if !strings.Contains(r.stderr, word) {
			l.t.Errorf("plan: the message lacks %q:\n%s", word, r.stderr)
		}
	}
}

// fingerprint is that of the host itself.
func (l *lab) fingerprint(host string) string {
	l.t.Helper()
	return strings.Fields(l.exec(host, "ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub"))[1]
}

// changedKey gives w1 a new key, as when it was made again.
func changedKey(t *testing.T, l *lab) {
	l.reaches()
	before := l.fingerprint("w1")
	l.exec("w1", "sh", "-c", "rm /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' "+
		"-f /etc/ssh/ssh_host_ed25519_key && systemctl restart ssh")
	after := l.fingerprint("w1")
	if after == before {
		t.Fatalf("w1 still has the key %s", before)
	}
	known := filepath.Join(l.dir, "known_hosts")
	for _, policy := range []string{"strict", "accept-new"} {
		r := l.run(time.Minute, "plan", "-i", l.inventory, "--host-key", policy)
		for _, word := range []string{"error[KB2003]: w1: host key: changed", before, after, known + ":",
			"ssh-keygen -f " + known + " -R '[127.0.0.1]:"} {
			if r.code != 4 || !strings.Contains(r.stderr, word) {
				t.Errorf("--host-key %s: exit %d, lacks %q:\n%s", policy, r.code, word, r.stderr)
			}
		}
	}
	// What the hint says, as a user would type it.
	for _, h := range l.hosts() {
		if h.Name == "w1" {
			name := fmt.Sprintf("[127.0.0.1]:%d", h.SSHPort)
			forget := exec.CommandContext(t.Context(), "ssh-keygen", "-f", known, "-R", name)
			if out, err := forget.CombinedOutput(); err != nil {
				t.Fatalf("ssh-keygen -R: %v: %s", err, out)
			}
		}
	}
	l.refuses("KB2001", "w1: host key: unknown", after, "kbootstrap hosts trust")
}

func hostsTrust(t *testing.T, l *lab) {
	if r := l.run(time.Minute, "hosts", "trust", "-i", l.inventory); r.code != 2 ||
		!strings.Contains(r.stdout, l.fingerprint("w1")) {
		t.Errorf("hosts trust without --yes: exit %d, want 2, and the fingerprint\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.refuses("KB2001")
	out := l.must(time.Minute, "hosts", "trust", "-i", l.inventory, "--yes")
	for host, status := range map[string]string{"cp1": "known", "w1": "new"} {
		fields := strings.Fields(out[strings.Index(out, "\n"+host+" "):])
		if fields[2] != status || fields[4] != l.fingerprint(host) {
			t.Errorf("%s: %q, want %s and %s", host, fields[:5], status, l.fingerprint(host))
		}
	}
	l.reaches()
}

// throughGate takes the way to w1 away that the lab forwards, and leaves its address behind cp1.
func (l *lab) throughGate(replacement string) (restore func()) {
	l.t.Helper()
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	for _, h := range l.hosts() {
		if h.Name == "w1" {
			l.edit(fmt.Sprintf("ssh: {address: 127.0.0.1, port: %d}", h.SSHPort),
				strings.ReplaceAll(replacement, "W1", h.Address))
		}
	}
	return func() {
		if err := os.WriteFile(l.inventory, text, 0o644); err != nil {
			l.fatalf("%v", err)
		}
	}
}

func (l *lab) gatePort() int {
	l.t.Helper()
	for _, h := range l.hosts() {
		if h.Name == "cp1" {
			return h.SSHPort
		}
	}
	l.fatalf("no cp1")
	return 0
}

func jumpOfInventory(t *testing.T, l *lab) {
	defer l.throughGate(fmt.Sprintf("ssh: {address: W1, jump: '127.0.0.1:%d'}", l.gatePort()))()
	l.refuses("KB2001", "w1: host key: unknown") // by its other name it has not been seen yet
	out := l.must(time.Minute, "hosts", "trust", "-i", l.inventory, "w1", "--yes")
	if !strings.Contains(out, "127.0.0.1 (jump host)") || !strings.Contains(out, l.fingerprint("w1")) {
		t.Errorf("hosts trust:\n%s", out)
	}
	l.reaches()
	l.exec("cp1", "sh", "-c", "echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/gate.conf; systemctl restart ssh")
	l.refuses("KB2234", "w1: dial ", "from jump host 127.0.0.1: the jump host does not forward")
	l.exec("cp1", "sh", "-c", "rm /etc/ssh/sshd_config.d/gate.conf; systemctl restart ssh")
}

func jumpOfConfig(t *testing.T, l *lab) {
	config := filepath.Join(l.dir, "ssh_config")
	text := fmt.Sprintf("Host gate\n  HostName 127.0.0.1\n  Port %d\n  User vagrant\n  "+
		"IdentityFile %[2]s/id_ed25519\n  UserKnownHostsFile %[2]s/gate_known_hosts\n"+
		"Host inner\n  HostName W1\n  ProxyJump gate\n", l.gatePort(), l.dir)
	defer l.throughGate("ssh: {address: inner, config: ssh_config}")()
	for _, h := range l.hosts() {
		if h.Name == "w1" {
			text = strings.ReplaceAll(text, "W1", h.Address)
		}
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l.refuses("KB2001", "w1: jump host: gate: host key: unknown")
	l.must(time.Minute, "hosts", "trust", "-i", l.inventory, "--yes")
	l.reaches()
}
