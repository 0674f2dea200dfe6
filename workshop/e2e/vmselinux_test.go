//go:build e2e && vm

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestVMEnforced makes a cluster on a machine whose kernel enforces a policy of SELinux, and gives
// the machine back as it was.
func TestVMEnforced(t *testing.T) {
	m := newMachine(t, "enforced", "--image", "debian-12-selinux")
	m.enforces("Enforcing", "enforcing")
	m.edit("\nhosts:", "\nselinux: leave\nhosts:")
	left := m.run(2*time.Minute, "preflight", "-i", m.inventory, "--ignore-preflight", "NumCPU")
	if told := left.stdout + left.stderr; left.code != 0 || !strings.Contains(told, "SELinux enforces its policy") {
		t.Errorf("preflight says nothing of SELinux: exit %d\n%s", left.code, told)
	}
	m.edit("selinux: leave\n", "")
	if r := m.comesUp(); r.code != 0 {
		m.fatalf("up: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	m.works()
	m.enforces("Permissive", "permissive")
	m.upAgain()
	m.reboots()
	m.works()
	m.enforces("Permissive", "permissive")
	m.must(10*time.Minute, "reset", "-i", m.inventory, "--confirm", "enforced")
	m.enforces("Enforcing", "enforcing")
}

// enforces checks what SELinux does now, and at boot.
func (m *machine) enforces(now, boot string) {
	m.t.Helper()
	got := m.exec("cp1", "sh", "-c",
		"getenforce; sed -n s/^SELINUX=//p /etc/selinux/config; ls /sys/fs/selinux/class | wc -l")
	fields := strings.Fields(got)
	if len(fields) != 3 || fields[0] != now || fields[1] != boot || fields[2] == "0" {
		m.t.Errorf("SELinux is %q, want %s now and %s at boot, with a policy", got, now, boot)
	}
}
