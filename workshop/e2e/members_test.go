//go:build e2e && hosts

package e2e

import (
	"os"
	"strings"
	"testing"
	"time"
)

// etcdctl asks the member of cp1.
const etcdctl = "etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/etcd/pki/ca.crt " +
	"--cert /etc/etcd/pki/healthcheck-client.crt --key /etc/etcd/pki/healthcheck-client.key "

// TestHostsMembers: a cluster of one control plane gets two more and loses them again, while a
// client writes and reads.
func TestHostsMembers(t *testing.T) {
	l := newLab(t, "e2e-members", "--control-planes", "1", "--workers", "0", "--spare", "2")
	l.up()
	single := l.kept()
	before := l.started("cp1")
	l.joinPlanes("s1", "s2")
	l.mustRefuse(9, []string{"up --only kubelet"}, "KB6021", "s1")
	l.installAsker("cp1", "s1", "s2")
	asked := l.ask("cp1", ownServer)
	l.must(8*time.Minute, "add-node", "s1", "s2", "-i", l.inventory)
	l.ready(3, time.Minute)
	l.voters(3)
	if after := l.started("cp1"); after != before {
		t.Errorf("what ran on cp1 was started again:\n%s\n%s", before, after)
	}
	joined := []func(int){l.ask("s1", ownServer), l.ask("s2", throughProxy)}
	l.upAgain()
	for _, done := range joined {
		done(20)
	}

	l.mustRefuse(9, []string{"remove-node s2 --confirm e2e-members"}, "KB6057", "2 of 3 members of etcd would stay")
	l.exec("s2", "systemctl", "stop", "etcd")
	l.mustRefuse(9, []string{"remove-node cp1 s1 --confirm e2e-members"}, "KB6057", "0 of the 1 members")
	l.exec("s2", "systemctl", "start", "etcd")
	l.heals()
	found := l.ask("cp1", throughProxy)
	l.must(8*time.Minute, "remove-node", "s1", "s2", "--confirm", "e2e-members", "-i", l.inventory)
	l.voters(1)
	if after := l.started("cp1"); after != before {
		t.Errorf("what ran on cp1 was started again:\n%s\n%s", before, after)
	}
	found(100) // before the proxy goes
	single()
	l.up()
	l.upAgain()
	l.ready(1, time.Minute)
	asked(500)
}

// joinPlanes adds spare hosts to the inventory as control planes.
func (l *lab) joinPlanes(names ...string) {
	l.t.Helper()
	for _, name := range names {
		l.join(name)
	}
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	joined := strings.ReplaceAll(string(text), "roles: [worker]", "roles: [etcd, control-plane, worker]")
	if err := os.WriteFile(l.inventory, []byte(joined), 0o644); err != nil {
		l.fatalf("%v", err)
	}
}

// started tells the starts of the member of etcd and the API server of a host.
func (l *lab) started(host string) string {
	l.t.Helper()
	return l.exec(host, "systemctl", "show", "-p", "Id,InvocationID", "etcd", "kube-apiserver")
}

// voters checks that etcd has so many members, and no learner.
func (l *lab) voters(n int) {
	l.t.Helper()
	out := l.exec("cp1", "sh", "-c", etcdctl+"member list")
	if strings.Count(out, ", started, ") != n || strings.Contains(out, ", true") {
		l.t.Errorf("want %d members that vote:\n%s", n, out)
	}
}
