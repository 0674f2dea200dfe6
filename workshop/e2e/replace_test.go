//go:build e2e && hosts

package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestHostsReplaced installs a control plane of three and a worker again, and puts them back under
// their names, while clients write and read.
func TestHostsReplaced(t *testing.T) {
	l := newLab(t, "e2e-replace", "--control-planes", "3", "--workers", "1")
	l.up()
	replace := func(host string) []string {
		return []string{"replace-node", host, "--confirm", "e2e-replace", "-i", l.inventory}
	}
	l.mustRefuse(9, []string{"replace-node cp3 --confirm e2e-replace"}, "KB6070", "cp3", "was not installed again")

	l.reinstall("cp3")
	l.mustRefuse(9, []string{"up"}, "KB6023", "replace-node cp3")
	l.exec("cp2", "systemctl", "stop", "etcd")
	l.mustRefuse(9, []string{"replace-node cp3 --confirm e2e-replace"}, "KB6071", "each of them is needed")
	l.exec("cp2", "systemctl", "start", "etcd")
	l.gone("cp3")
	before := l.started("cp1")
	l.installAsker("cp1", "cp2")
	clients := []func(int){l.ask("cp1", throughProxy), l.ask("cp2", throughProxy)}
	l.must(8*time.Minute, replace("cp3")...)
	l.voters(3)
	l.ready(4, 2*time.Minute)
	for _, done := range clients {
		done(100)
	}
	if after := l.started("cp1"); after != before {
		t.Errorf("what ran on cp1 was started again:\n%s\n%s", before, after)
	}
	l.upAgain()

	l.reinstall("w1")
	l.gone("w1")
	l.must(5*time.Minute, replace("w1")...)
	l.ready(4, 2*time.Minute)
	l.upAgain()
}

// reinstall makes a host again, under its name and its address: with an empty disk, another
// machine-id and another host key.
func (l *lab) reinstall(name string) {
	l.t.Helper()
	var old, made host
	for _, h := range l.all() {
		if h.Name == name {
			old = h
		}
	}
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	l.mustLab(time.Minute, "remove", name)
	l.mustLab(5*time.Minute, "add", "--spare", "--name", name, "--address", old.Address)
	for _, h := range l.all() {
		if h.Name == name {
			made = h
		}
	}
	port := regexp.MustCompile(fmt.Sprintf(`\bport: %d\b`, old.SSHPort))
	text = port.ReplaceAll(text, fmt.Appendf(nil, "port: %d", made.SSHPort))
	if err := os.WriteFile(l.inventory, text, 0o644); err != nil {
		l.fatalf("%v", err)
	}
}

// gone waits until the cluster takes a node for lost.
func (l *lab) gone(node string) {
	l.t.Helper()
	l.eventually(3*time.Minute, node+" is taken for lost", func(r result) bool {
		return r.code == 0 && !strings.Contains(r.stdout, "True")
	}, "cp1", "kubectl", "get", "node", node, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
}
