//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestBareHosts: on hosts without a cluster, each verb that needs one says so within seconds, in
// one message that names `up`, and changes nothing. What an interrupted run says is there too.
func TestBareHosts(t *testing.T) {
	l := newLab(t, "bare", "--control-planes", "1", "--workers", "1")
	status := l.run(2*time.Minute, "status", "-i", l.inventory)
	says(t, status.stdout, "bare is not there yet", "there is no cluster on the hosts yet", "`kbootstrap up` makes it")
	if status.code != 7 || strings.Contains(status.stdout, "HOST ") || strings.Contains(status.stdout, "etcd") {
		t.Errorf("status: exit %d\n%s", status.code, status.stdout)
	}
	document := l.run(2*time.Minute, "status", "-i", l.inventory, "-o", "json", "-q")
	says(t, document.stdout, `"bare": true`, `"healthy": false`)

	l.mustRefuse(7, []string{
		"verify", "drift", "certs status", "addons", "audit", "logs cp1", "backup --plaintext",
	}, "KB1140", "there is no cluster bare yet", "hint: Make the cluster")
	l.mustRefuse(9, []string{
		"add-node w1", "upgrade --confirm bare", "upgrade --dry-run", "add-node cp1",
		"remove-node w1 --confirm bare", "replace-node w1 --confirm bare", "replace-node cp1 --confirm bare",
		"recover --confirm bare", "certs renew", "certs rotate-ca etcd --yes",
	}, "KB1140", "there is no cluster yet", "run `kbootstrap up`")
	const units = "ls /etc/systemd/system | grep -c -e kube -e etcd -e containerd; true"
	if left := l.exec("w1", "sh", "-c", units); left != "0\n" {
		t.Errorf("units on w1: %s", left)
	}

	// Others were there before.
	l.exec("w1", "mkdir", "-p", "/var/lib/rancher/k3s", "/etc/rancher/k3s")
	l.exec("w1", "sh", "-c", "printf '[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\n"+
		"WantedBy=multi-user.target\\n' >/etc/systemd/system/k3s.service; systemctl daemon-reload; "+
		"systemctl enable --now k3s")
	found := l.run(2*time.Minute, "up", "-i", l.inventory)
	says(t, found.stdout+found.stderr, "KB3060", "w1: ForeignCluster: k3s is on this host: k3s.service runs (pid ",
		"/var/lib/rancher/k3s", "k3s-uninstall.sh")
	if found.code != 5 {
		t.Errorf("up next to k3s: exit %d\n%s", found.code, found.stderr)
	}
}
