//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHighAvailability makes three control planes and a worker, and pulls the plug of the control plane that leads.
func TestHighAvailability(t *testing.T) {
	l := newLab(t, "ha", "--control-planes", "3", "--workers", "1")
	l.up()
	l.upAgain()
	if out := l.exec("cp2", "etcdctl", "--endpoints", "https://127.0.0.1:2379", "--cacert", "/etc/etcd/pki/ca.crt",
		"--cert", "/etc/etcd/pki/healthcheck-client.crt", "--key", "/etc/etcd/pki/healthcheck-client.key", "member", "list"); strings.Count(out, "started") != 3 {
		t.Fatalf("etcd members:\n%s", out)
	}

	// The worker's kubelet must be on the control plane that goes, or nothing is proven: the proxy balances, so every
	// control plane but one stays, and it is enough that the worker goes on through each loss in turn.
	for _, victim := range []string{"cp3", "cp2"} {
		l.must(time.Minute, "lab", "kill", "--dir", l.dir, victim)
		begin := time.Now()
		// Each of several connections must be answered, since the proxy takes another API server for each.
		ask := "for i in 1 2 3 4 5 6; do curl -sS --max-time 2 --cacert /etc/kubernetes/pki/ca.crt https://127.0.0.1:7443/readyz || exit 1; done"
		l.eventually(time.Minute, "the API from the worker", contains("okokokokokok"), "w1", "sh", "-c", ask)
		t.Logf("without %s the worker reached the API again after %.1f s", victim, time.Since(begin).Seconds())

		// A change goes through the API, the controllers and the worker's kubelet.
		name := "after-" + victim
		l.eventually(90*time.Second, "a new object", func(r result) bool { return r.code == 0 },
			"cp1", "kubectl", "create", "configmap", name)
		l.image("w1")
		l.eventually(time.Minute, "a new pod", func(r result) bool { return r.code == 0 }, "cp1", "kubectl", "run", name,
			"--image=docker.io/library/busybox:1.36.1", "--restart=Never", `--overrides={"spec":{"nodeName":"w1"}}`, "--", "sleep", "600")
		l.eventually(2*time.Minute, "the new pod runs", contains("Running"), "cp1", "kubectl", "get", "pod", name, "-o", "jsonpath={.status.phase}")

		l.must(2*time.Minute, "lab", "start", "--dir", l.dir, victim)
		l.ready(4, 3*time.Minute)
	}
	l.up() // a component of the host that was pulled may still be on its way
	l.upAgain()
}
