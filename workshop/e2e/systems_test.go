//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestSystems makes one cluster of hosts of three systems: a control plane with the userland of
// Enterprise Linux, a worker of Debian 11 and one of Debian 13. Each has its own systemd, glibc,
// OpenSSH, iptables and package manager; the kernel is the machine's.
func TestSystems(t *testing.T) {
	l := newLab(t, "systems", "--control-planes", "1", "--workers", "2",
		"--image", "el9-like,w1=debian-11,w2=debian-13")
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"a terminal that sudo asks for", needsTTY},
		{"up", func(_ *testing.T, l *lab) { l.up() }},
		{"second up", func(_ *testing.T, l *lab) { l.upAgain() }},
		{"each is what it is", systemsOfNodes},
		{"verify", func(_ *testing.T, l *lab) { l.must(5*time.Minute, "verify", "-i", l.inventory, "--quick") }},
		{"Enterprise Linux after up", func(t *testing.T, l *lab) { enterpriseHost(t, l, "cp1") }},
		{"reset", func(t *testing.T, l *lab) {
			reset := l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "systems")
			enterpriseLeft(t, l, "cp1", reset)
		}},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// needsTTY: Enterprise Linux has sudo ask for a terminal. A box of Vagrant lifts that for its user;
// where it does not, the tool says so.
func needsTTY(t *testing.T, l *lab) {
	l.exec("cp1", "sed", "-i", "s/^Defaults:vagrant/#&/", "/etc/sudoers.d/vagrant")
	r := l.run(3*time.Minute, "preflight", "-i", l.inventory)
	l.exec("cp1", "sed", "-i", "s/^#Defaults:vagrant/Defaults:vagrant/", "/etc/sudoers.d/vagrant")
	if out := r.stdout + r.stderr; r.code == 0 || !strings.Contains(out, "KB2124") ||
		!strings.Contains(out, "!requiretty") {
		t.Errorf("exit %d\n%s", r.code, out)
	}
}

// systemsOfNodes: the API shows each host by its own name for itself.
func systemsOfNodes(t *testing.T, l *lab) {
	out := l.kubectl("get", "nodes", "-o",
		`jsonpath={range .items[*]}{.metadata.name}={.status.nodeInfo.osImage}{"\n"}{end}`)
	for _, want := range []string{"cp1=Rocky Linux 9.6", "w1=Debian GNU/Linux 11", "w2=Debian GNU/Linux 13"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

// enterpriseHost: packages came by rpm and its package manager, and SELinux will not enforce its
// policy after a boot.
func enterpriseHost(t *testing.T, l *lab, host string) {
	says(t, l.exec(host, "rpm", "--query", "iptables"), "iptables-1.8.9")
	says(t, l.exec(host, "cat", "/etc/selinux/config"), "SELINUX=permissive")
	// sudo's path there has no /usr/local/bin, where the programs are for people.
	r := l.runLab(time.Minute, "exec", host, "--", "su", "vagrant", "-c", "sudo /usr/local/bin/kubectl version")
	if r.code != 0 {
		t.Errorf("kubectl by its path: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// enterpriseLeft: reset gives back what up took.
func enterpriseLeft(t *testing.T, l *lab, host, reset string) {
	says(t, l.exec(host, "cat", "/etc/selinux/config"), "SELINUX=enforcing")
	if r := l.runLab(time.Minute, "exec", host, "--", "rpm", "--query", "iptables"); r.code == 0 {
		t.Errorf("the package that up installed is still there:\n%s\n%s", r.stdout, reset)
	}
}
