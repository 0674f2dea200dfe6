//go:build e2e && hosts

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// readdress takes all addresses from a host's interface of the cluster, and gives it others. SSH
// comes in by another interface.
func (l *lab) readdress(host string, addresses ...string) {
	l.t.Helper()
	l.exec(host, "ip", "addr", "flush", "dev", "eth1", "scope", "global")
	for _, a := range addresses {
		l.exec(host, "ip", "addr", "add", a+"/24", "dev", "eth1")
	}
}

// kept remembers the inventory; the returned function writes it back.
func (l *lab) kept() (back func()) {
	l.t.Helper()
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.t.Fatal(err)
	}
	return func() {
		l.t.Helper()
		if err := os.WriteFile(l.inventory, text, 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
}

// TestHostsLimited: runs that are limited to some hosts or components see what a full run sees, and
// an address that was changed is seen by the first run.
func TestHostsLimited(t *testing.T) {
	l := newLab(t, "e2e-limited", "--control-planes", "1", "--workers", "1", "--spare", "1")
	l.up()
	l.upAgain()
	l.movedPlane()
	l.movedWorker()
	l.join("s1")
	l.cloned()
	l.ofAnotherCluster()
	l.mixedUp()
	l.must(5*time.Minute, "add-node", "s1", "-i", l.inventory)
	l.ready(3, time.Minute)
	l.upAgain()
}

// movedPlane gives the control plane another address, in the inventory alone and on the host too.
// Nothing is changed, whatever the run is limited to, and the old address is the way out.
func (l *lab) movedPlane() {
	l.t.Helper()
	const moved = "192.168.56.61"
	cp1 := l.host("cp1").Address
	back := l.kept()
	l.edit("address: "+cp1, "address: "+moved)
	every := []string{"up", "plan", "up --limit w1", "up --only kubelet", "plan --only coredns"}
	message := fmt.Sprintf("cp1: the address of this host is %s in the inventory, but ", moved)
	for _, addresses := range [][]string{{cp1}, {cp1, moved}, {moved}} {
		l.t.Logf("cp1 has %s", addresses)
		l.readdress("cp1", addresses...)
		l.mustRefuse(9, every, "KB6022", message, cp1)
	}
	l.exec("cp1", "systemctl", "stop", "kube-apiserver", "etcd")
	l.mustRefuse(9, []string{"up", "plan"}, "KB6022", message)
	l.exec("cp1", "systemctl", "start", "--no-block", "etcd", "kube-apiserver")
	back()
	l.readdress("cp1", cp1)
	l.up()
	l.upAgain()
}

// movedWorker gives the worker another address, which `up` carries out: pods of the other host
// reach those of this one afterwards, and kubectl does.
func (l *lab) movedWorker() {
	l.t.Helper()
	const moved = "192.168.56.62"
	image := strings.TrimSpace(l.exec("cp1", "sh", "-c", "ctr -n k8s.io images ls -q | grep /pause: | head -1"))
	l.kubectl("run", "still", "--image="+image, "--overrides", `{"spec":{"nodeName":"w1"}}`)
	l.kubectl("wait", "--for=condition=Ready", "pod/still", "--timeout=60s")
	l.edit("address: "+l.host("w1").Address, "address: "+moved)
	l.readdress("w1", moved)
	l.up()
	l.upAgain()
	l.ready(2, time.Minute)
	got := l.kubectl("get", "node", "w1", "-o", `jsonpath={.status.addresses[?(@.type=="InternalIP")].address}`)
	if strings.TrimSpace(got) != moved {
		l.t.Errorf("the node has the address %s", got)
	}
	if got := l.exec("cp1", "bridge", "fdb", "show", "dev", "flannel.1"); !strings.Contains(got, "dst "+moved) {
		l.t.Errorf("the other host sends packets for pods elsewhere:\n%s", got)
	}
	pod := strings.TrimSpace(l.kubectl("get", "pod", "still", "-o", "jsonpath={.status.podIP}"))
	l.eventually(time.Minute, "the pod is reached", contains("1 received"), "cp1", "ping", "-c1", "-W2", pod)
	l.kubectl("logs", "still")
	l.kubectl("delete", "pod", "still", "--grace-period=1")
}

// cloned makes the new host a clone of w1: every run says so, of both, and changes nothing.
func (l *lab) cloned() {
	l.t.Helper()
	own := strings.TrimSpace(l.exec("s1", "cat", "/etc/machine-id"))
	w1 := strings.TrimSpace(l.exec("w1", "cat", "/etc/machine-id"))
	l.exec("s1", "sh", "-c", "echo "+w1+" > /etc/machine-id")
	l.mustRefuse(5, []string{"add-node s1", "up --limit s1", "up"}, "KB3010", "w1, s1: UniqueMachineID:", w1,
		"nothing was changed")
	l.exec("s1", "sh", "-c", "echo "+own+" > /etc/machine-id")
	out := l.exec("s1", "sh", "-c", "ls -d /etc/kubernetes /var/lib/kbootstrap/before 2>/dev/null || true")
	if out != "" {
		l.t.Errorf("s1 was changed: %s", out)
	}
	if nodes := l.kubectl("get", "nodes", "-o", "name"); strings.Contains(nodes, "s1") {
		l.t.Errorf("s1 has joined:\n%s", nodes)
	}
}

// ofAnotherCluster gives the new host what a worker of another cluster has: an authority, and no
// mark of etcd.
func (l *lab) ofAnotherCluster() {
	l.t.Helper()
	l.exec("s1", "sh", "-c", "mkdir -p /etc/kubernetes/pki && openssl req -x509 -newkey rsa:2048 -nodes "+
		"-keyout /tmp/other.key -subj /CN=other -days 9 -out /etc/kubernetes/pki/ca.crt 2>/dev/null")
	l.mustRefuse(9, []string{"add-node s1", "up --limit s1", "plan --only flannel", "up"}, "KB6014",
		"s1: this host belongs to another cluster")
	l.exec("s1", "rm", "-rf", "/etc/kubernetes", "/tmp/other.key")
}

// mixedUp has the entry of the new host lead to w1, and the entries of both to each other.
func (l *lab) mixedUp() {
	l.t.Helper()
	back := l.kept()
	ports := map[string]int{}
	for _, h := range l.all() {
		ports[h.Name] = h.SSHPort
	}
	w1 := fmt.Sprintf("address: 127.0.0.1, port: %d", ports["w1"])
	s1 := fmt.Sprintf("address: 127.0.0.1, port: %d", ports["s1"])
	l.edit(s1, fmt.Sprintf("address: localhost, port: %d, hostKeyPolicy: accept-new", ports["w1"]))
	l.mustRefuse(9, []string{"up", "up --lock-timeout 10m", "plan"}, "KB6031", "(w1 and s1) lead to the same machine")
	l.mustRefuse(9, []string{"add-node s1"}, "KB6032", "leads to the machine that is the node w1")
	back()

	l.edit(w1, "MIXED")
	l.edit(s1, w1)
	l.edit("MIXED", s1)
	l.mustRefuse(9, []string{"up", "add-node s1", "up --limit s1"}, "KB6032",
		"leads to the machine that is the node w1")
	l.mustRefuse(9, []string{"up --limit w1"}, "KB6033", "the node w1 runs on another machine")
	back()
}
