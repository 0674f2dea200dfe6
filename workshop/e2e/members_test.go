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

// TestHostsFive: a cluster of one control plane gets two more, then another two, and loses those
// again, while clients write and read on hosts that stay.
func TestHostsFive(t *testing.T) {
	l := newLab(t, "e2e-five", "--control-planes", "1", "--workers", "0", "--spare", "4")
	l.up()
	before := l.started("cp1")
	l.installAsker("cp1")
	clients := []func(int){l.ask("cp1", ownServer)}
	for _, joiners := range [][]string{{"s1", "s2"}, {"s3", "s4"}} {
		l.joinPlanes(joiners...)
		begin := time.Now()
		l.must(10*time.Minute, "add-node", joiners[0], joiners[1], "-i", l.inventory)
		planes := len(l.planes())
		t.Logf("add-node to %d control planes took %.1f s", planes, time.Since(begin).Seconds())
		l.ready(planes, time.Minute)
		l.voters(planes)
		l.sameData()
		l.installAsker(joiners...)
		clients = append(clients, l.ask(joiners[0], throughProxy))
	}
	if after := l.started("cp1"); after != before {
		t.Errorf("what ran on cp1 was started again:\n%s\n%s", before, after)
	}
	l.upAgain()

	clients[2](20) // its host leaves
	begin := time.Now()
	l.must(10*time.Minute, "remove-node", "s3", "s4", "--confirm", "e2e-five", "-i", l.inventory)
	t.Logf("remove-node to 3 control planes took %.1f s", time.Since(begin).Seconds())
	l.voters(3)
	l.sameData()
	l.ready(3, time.Minute)
	clients[0](500)
	clients[1](100)
	if after := l.started("cp1"); after != before {
		t.Errorf("what ran on cp1 was started again:\n%s\n%s", before, after)
	}
}

// planes are the nodes of control planes.
func (l *lab) planes() []string {
	l.t.Helper()
	return strings.Fields(l.kubectl("get", "nodes", "-l", "node-role.kubernetes.io/control-plane", "-o", "name"))
}

// sameData checks that all members of etcd hold the same at one revision. A member that is behind
// has not seen it yet.
func (l *lab) sameData() {
	l.t.Helper()
	l.eventually(time.Minute, "all members hold the same", func(r result) bool {
		hashes := map[string]bool{}
		for line := range strings.Lines(r.stdout) {
			hashes[strings.TrimSpace(line[strings.Index(line, ",")+1:])] = true
		}
		return r.code == 0 && len(hashes) == 1
	}, "cp1", "sh", "-c", etcdctl+"endpoint hashkv --cluster --rev=$("+etcdctl+
		"endpoint status -w json | grep -o '\"revision\":[0-9]*' | cut -d: -f2)")
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
