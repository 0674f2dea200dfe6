//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// These steps of TestFaults are one of each kind of what the tier for the night tries at length:
// the cluster is there anyway, and each takes seconds.

// wrongInventory: reset is judged as up is, on every host and before anything is removed.
func wrongInventory(t *testing.T, l *lab) {
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(l.dir, "other.yaml")
	renamed := strings.Replace(string(text), "cluster: faults", "cluster: other", 1)
	if err := os.WriteFile(other, []byte(renamed), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{nil, {"--host", "w1"}} {
		l.exits(9, append([]string{"reset", "-i", other, "--confirm", "other"}, arguments...)...).
			says(t, "error[KB6014]: ", "w1: this host belongs to the cluster faults")
	}
	l.upAgain()
}

// impossibleArguments: what cannot work is an error of validate, with its place.
func impossibleArguments(t *testing.T, l *lab) {
	const worse = arguments + "  kube-apiserver: {bind-address: 192.168.56.11}\n" +
		"  kube-proxy: {cluster-cidr: 10.0.0.0/8}\n"
	l.edit(arguments, worse)
	l.exits(2, "validate", "-i", l.inventory).says(t,
		"error[KB1013]: --bind-address of kube-apiserver can only be 0.0.0.0",
		"error[KB1013]: --cluster-cidr of kube-proxy ")
	l.edit(worse, arguments)
}

// stoppedKubelet: a stopped service is told as what it is, and up starts it.
func stoppedKubelet(t *testing.T, l *lab) {
	l.exec("w1", "systemctl", "stop", "kubelet")
	l.exits(7, "status", "-i", l.inventory).says(t, "w1: kubelet: service kubelet.service is not running")
	l.up()
	l.ready(2, time.Minute)
	l.settles()
	l.heals().says(t, "faults is healthy")
}

// deletedNode: a node that was deleted by hand comes back, with all that hangs on its subnet.
func deletedNode(t *testing.T, l *lab) {
	l.kubectl("delete", "node", "w1")
	says(t, l.must(time.Minute, "plan", "-i", l.inventory), "+ registration of node w1")
	l.up()
	l.settles()
	l.heals().says(t, "2 of 2 Ready", "pod network   2 of 2 hosts")
}

// unheardNode: flanneld of another host has lost the API while a node was deleted and came back. It
// takes the node's new subnet for the old one, and has no route to it.
func unheardNode(t *testing.T, l *lab) {
	field := func(path string) []string {
		return []string{"kubectl", "get", "node", "w1", "-o", "jsonpath={" + path + "}"}
	}
	l.exec("cp1", "systemctl", "kill", "-s", "STOP", "flanneld")
	l.exec("cp1", "systemctl", "kill", "-s", "KILL", "kube-apiserver") // in order, it would wait for flanneld
	l.eventually(2*time.Minute, "the API", contains("ok"), "cp1", "kubectl", "get", "--raw", "/readyz")
	l.kubectl("delete", "node", "w1")
	l.exec("w1", "systemctl", "restart", "kubelet")
	l.eventually(2*time.Minute, "a subnet of w1", contains("/"), "cp1", field(".spec.podCIDR")...)
	l.exec("w1", "systemctl", "restart", "flanneld")
	l.eventually(2*time.Minute, "the lease of w1", contains("VtepMAC"), "cp1", field(".metadata.annotations")...)
	l.exec("cp1", "systemctl", "kill", "-s", "CONT", "flanneld")
	l.up()
	l.settles()
	l.heals().says(t, "2 of 2 Ready", "pod network   2 of 2 hosts")
}

// foreignDropIn: what others have systemd do with a service of ours is found before anything is
// changed.
func foreignDropIn(t *testing.T, l *lab) {
	const dropIn = "/etc/systemd/system/docker.service.d/override.conf"
	l.exec("w1", "sh", "-euc", `printf '[Service]\nUser=daemon\n' >`+dropIn+`; systemctl daemon-reload`)
	l.exits(5, "up", "-i", l.inventory).says(t, "error[KB3061]: w1: ForeignSetting: "+dropIn+":2 sets User")
	l.exec("w1", "sh", "-euc", "rm "+dropIn+"; systemctl daemon-reload")
	l.upAgain()
}

// clone: a machine that was copied from a host of the cluster does not join, and that host is not
// asked for it.
func clone(t *testing.T, l *lab) {
	l.join("s1")
	id := func(host string) string { return strings.TrimSpace(l.exec(host, "cat", "/etc/machine-id")) }
	set := func(text string) { l.exec("s1", "sh", "-c", "echo "+text+" >/etc/machine-id") }
	own := id("s1")
	set(id("w1"))
	l.exits(5, "add-node", "s1", "-i", l.inventory).says(t, "error[KB3010]: w1, s1: UniqueMachineID")
	set(own)
}
