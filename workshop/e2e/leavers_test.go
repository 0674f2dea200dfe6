//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsLeavers takes workers out of a cluster: one whose pod a budget keeps, and one that is
// off.
func TestHostsLeavers(t *testing.T) {
	l := newLab(t, "e2e-leavers", "--control-planes", "1", "--workers", "2")
	l.up()
	leave := func(flags ...string) []string {
		return append([]string{"remove-node", "--confirm", "e2e-leavers", "-i", l.inventory}, flags...)
	}
	l.image("w2")
	l.kubectl("create", "deployment", "kept", "--image=docker.io/library/busybox:1.36.1", "--", "sleep", "3600")
	l.kubectl("patch", "deployment", "kept", "--patch", `{"spec": {"template": {"spec": {"nodeName": "w2"}}}}`)
	l.kubectl("create", "poddisruptionbudget", "keep", "--selector=app=kept", "--min-available=1")
	l.kubectl("rollout", "status", "deployment/kept", "--timeout=2m")

	// The budget keeps the pod: the host is cordoned, and all else of it stays.
	r := l.run(3*time.Minute, leave("w2", "--timeout", "20s")...)
	if r.code != 7 || !strings.Contains(r.stderr, "KB6058") || !strings.Contains(r.stderr, "default/kept-") {
		t.Fatalf("a removal that a budget forbids: %v", r)
	}
	l.ready(3, time.Minute)
	l.exec("w2", "systemctl", "is-active", "kubelet", "containerd", "kube-proxy")

	l.kubectl("delete", "poddisruptionbudget", "keep")
	l.kubectl("delete", "deployment", "kept")
	l.must(3*time.Minute, leave("w2")...)
	if nodes := l.kubectl("get", "nodes", "-o", "name"); strings.Contains(nodes, "w2") {
		t.Errorf("a host that was removed is still a node:\n%s", nodes)
	}
	l.exec("w2", "sh", "-c", "! test -e /etc/kubernetes && ! test -e /opt/kbootstrap/agent") // a disk is mounted there

	l.mustRefuse(9, []string{"remove-node w1 --dead --confirm e2e-leavers"}, "KB6057", "w1 answers")
	l.mustLab(time.Minute, "kill", "w1")
	if r := l.run(3*time.Minute, leave("w1")...); r.code != 4 {
		t.Fatalf("a removal of a host that is off, without the word: %v", r)
	}
	r = l.run(3*time.Minute, leave("w1", "--dead")...)
	if r.code != 0 || !strings.Contains(r.stdout+r.stderr, "w1 may still run pods") {
		t.Fatalf("the removal of a host that is off, with the word: %v", r)
	}
	if nodes := strings.TrimSpace(l.kubectl("get", "nodes", "-o", "name")); nodes != "node/cp1" {
		t.Errorf("nodes are\n%s", nodes)
	}
}
