//go:build e2e && hosts

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHostsSSHOverIPv6: a control machine that has IPv6 alone reaches one host by its address, and
// the other through that one. Keys are on record as ssh writes them.
func TestHostsSSHOverIPv6(t *testing.T) {
	const first, second = "fd00:192:168:56::11", "fd00:192:168:56::12"
	l := newLab(t, "ssh6", "--dual-stack", "--control-planes", "1", "--workers", "1")
	if r := l.runs(time.Minute, "ip", "-n", l.netns(), "addr", "add", "fd00:192:168:56::1/64", "dev", "cluster",
		"nodad"); r.code != 0 {
		l.fatalf("an address for the control machine: exit %d\n%s", r.code, r.stderr)
	}
	ssh := func(h host) string { return fmt.Sprintf("ssh: {address: 127.0.0.1, port: %d}", h.SSHPort) }
	l.edit(ssh(l.host("cp1")), `ssh: {address: "[`+first+`]"}`)
	l.edit(ssh(l.host("w1")), fmt.Sprintf(`ssh: {address: "%s", jump: "vagrant@[%s]:22"}`, second, first))
	// From within the hosts' network, in which there is no 127.0.0.1 of theirs.
	from := func(arguments ...string) result {
		return l.runs(3*time.Minute, "ip", append([]string{"netns", "exec", l.netns(), l.program}, arguments...)...)
	}

	unknown := from("preflight", "-i", l.inventory)
	if unknown.code == 0 {
		t.Errorf("hosts whose keys are not known:\n%s", unknown.stdout)
	}
	unknown.says(t, first)
	for _, h := range []string{"cp1", "w1"} { // the way to w1 leads through cp1, whose key is known by then
		if r := from("hosts", "trust", "-i", l.inventory, h, "--yes"); r.code != 0 {
			l.fatalf("hosts trust %s: exit %d\n%s%s", h, r.code, r.stdout, r.stderr)
		}
	}
	known, err := os.ReadFile(filepath.Join(l.dir, "known_hosts"))
	if err != nil {
		l.fatalf("%v", err)
	}
	for _, address := range []string{first, second} {
		if !strings.Contains("\n"+string(known), "\n"+address+" ssh-ed25519 ") {
			t.Errorf("known_hosts has no line for %s:\n%s", address, known)
		}
	}
	if r := from("preflight", "-i", l.inventory); r.code != 0 {
		l.fatalf("preflight: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	// The same without brackets.
	l.edit(`ssh: {address: "[`+first+`]"}`, `ssh: {address: "`+first+`", port: 22}`)
	if r := from("plan", "-i", l.inventory); r.code != 0 && r.code != 2 {
		l.fatalf("plan: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
