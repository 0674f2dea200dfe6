//go:build e2e

package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHighAvailability makes three control planes and a worker, and pulls the plug of the control
// plane that leads.
func TestHighAvailability(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := newLab(t, "ha", "--control-planes", "3", "--workers", "1")
	loneMember(t, l)
	l.up()
	l.upAgain()
	if out := l.exec("cp2", "etcdctl", "--endpoints", "https://127.0.0.1:2379", "--cacert", "/etc/etcd/pki/ca.crt",
		"--cert", "/etc/etcd/pki/healthcheck-client.crt", "--key", "/etc/etcd/pki/healthcheck-client.key",
		"member", "list"); strings.Count(out, "started") != 3 {
		t.Fatalf("etcd members:\n%s", out)
	}

	// The worker's kubelet must be on the control plane that goes, or nothing is proven: the proxy
	// balances, so every control plane but one stays, and it is enough that the worker goes on
	// through each loss in turn.
	for _, victim := range []string{"cp3", "cp2"} {
		l.mustLab(time.Minute, "kill", victim)
		begin := time.Now()
		// Each of several connections must be answered, because the proxy takes another API server
		// for each.
		ask := "for i in 1 2 3 4 5 6; do curl -sS --max-time 2 --cacert /etc/kubernetes/pki/ca.crt " +
			"https://127.0.0.1:7443/readyz || exit 1; done"
		l.eventually(time.Minute, "the API from the worker", contains("okokokokokok"), "w1", "sh", "-c", ask)
		t.Logf("without %s the worker reached the API again after %.1f s", victim, time.Since(begin).Seconds())

		// A change goes through the API, the controllers and the worker's kubelet.
		name := "after-" + victim
		l.eventually(90*time.Second, "a new object", func(r result) bool { return r.code == 0 },
			"cp1", "kubectl", "create", "configmap", name)
		l.image("w1")
		l.eventually(time.Minute, "a new pod", func(r result) bool { return r.code == 0 },
			"cp1", "kubectl", "run", name, "--image=docker.io/library/busybox:1.36.1", "--restart=Never",
			`--overrides={"spec":{"nodeName":"w1"}}`, "--", "sleep", "600")
		l.eventually(2*time.Minute, "the new pod runs", contains("Running"), "cp1", "kubectl", "get", "pod", name, "-o",
			"jsonpath={.status.phase}")

		l.mustLab(2*time.Minute, "start", victim)
		l.ready(4, 3*time.Minute)
	}
	l.up() // a component of the host that was pulled may still be on its way
	l.upAgain()
	lostMember(t, l)
}

// loneMember kills the tool when one of the three members of a new etcd runs and the others do not:
// they wait until it serves its peers, and do not reach it. The next run has to finish what is
// neither new nor there.
func loneMember(t *testing.T, l *lab) {
	for _, host := range []string{"cp2", "cp3"} { // a packet filter's rule would not outlive firewalld
		l.exec(host, "ip", "route", "add", "unreachable", "192.168.56.11")
	}
	up := l.start("cp1: etcd: waiting for https://127.0.0.1:2379/health", "up", "-v", "--ignore-preflight=PeerPort,MTU",
		"-i", l.inventory)
	up.signal(t, syscall.SIGKILL)
	up.end(t, -1)
	for host, want := range map[string]string{"cp1": "activating\n", "cp2": "inactive\n", "cp3": "inactive\n"} {
		if got := l.runLab(time.Minute, "exec", host, "--", "systemctl", "is-active", "etcd").stdout; got != want {
			t.Fatalf("etcd of %s is %swant %s", host, got, want)
		}
	}
	for _, host := range []string{"cp2", "cp3"} {
		l.exec(host, "ip", "route", "del", "unreachable", "192.168.56.11")
	}
}

// lostMember takes the data of one member of three. It must not found another cluster, up says what
// is the matter and touches nothing, and with the data back the cluster is what it was.
func lostMember(t *testing.T, l *lab) {
	l.exec("cp3", "sh", "-c", "systemctl stop etcd && mv /var/lib/etcd/member /root/member")
	l.exits(9, "up", "-i", l.inventory).says(t, "error[KB6023]: ", "cp3")
	l.exec("cp3", "systemctl", "start", "--no-block", "etcd")
	l.eventually(time.Minute, "etcd gives up", func(r result) bool {
		return r.code == 0 && strings.TrimSpace(r.stdout) != "NRestarts=0"
	}, "cp3", "systemctl", "show", "-p", "NRestarts", "etcd")
	l.exec("cp3", "sh", "-c", "systemctl stop etcd && rm -rf /var/lib/etcd/member && mv /root/member "+
		"/var/lib/etcd/member && systemctl start etcd")
	l.eventually(time.Minute, "three members are healthy", func(r result) bool {
		return strings.Count(r.stdout, `"health":true`) == 3
	}, "cp2", "etcdctl", "--endpoints", "https://127.0.0.1:2379", "--cacert", "/etc/etcd/pki/ca.crt",
		"--cert", "/etc/etcd/pki/healthcheck-client.crt", "--key", "/etc/etcd/pki/healthcheck-client.key",
		"endpoint", "health", "--cluster", "-w", "json")
	l.upAgain()
}
