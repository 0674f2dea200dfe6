//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsRecovered loses the disks of two control planes of three, and with them the quorum, and
// makes the cluster whole again out of the third.
func TestHostsRecovered(t *testing.T) {
	l := newLab(t, "e2e-recover", "--control-planes", "3", "--workers", "0")
	l.up()
	recovery := []string{"recover --confirm e2e-recover"}
	l.mustRefuse(9, recovery, "KB6072", "etcd has a quorum")
	l.kubectl("create", "configmap", "kept", "--from-literal=n=1")
	uid := l.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
	revision := l.kubectl("get", "configmap", "kept", "-o", "jsonpath={.metadata.resourceVersion}")

	for _, host := range []string{"cp2", "cp3"} {
		l.exec(host, "systemctl", "stop", "etcd")
	}
	l.eventually(time.Minute, "etcd has no quorum", func(r result) bool { return r.code != 0 }, "cp1", "sh", "-c",
		etcdctl+"endpoint health")
	l.mustRefuse(9, recovery, "KB6072", "3 of the 3 members of etcd have their data")
	for _, host := range []string{"cp2", "cp3"} {
		l.reinstall(host)
	}
	out := l.must(10*time.Minute, "recover", "--confirm", "e2e-recover", "-i", l.inventory)
	for _, said := range []string{"cp1 has entries up to ", "cp2 has no data", "cp3 has no data"} {
		if !strings.Contains(out, said) {
			t.Errorf("recover does not say %q:\n%s", said, out)
		}
	}
	l.voters(3)
	l.ready(3, 3*time.Minute)
	if now := l.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"); now != uid {
		t.Errorf("another cluster: %s, and it was %s", now, uid)
	}
	l.kubectl("get", "configmap", "kept")
	l.kubectl("create", "configmap", "later")
	later := l.kubectl("get", "configmap", "later", "-o", "jsonpath={.metadata.resourceVersion}")
	if len(later) <= len(revision) { // it was raised by a thousand million
		t.Errorf("the revision was %s, and is %s", revision, later)
	}
	l.exec("cp1", "sh", "-c", "ls -d /var/lib/etcd/member.lost-*/snap && ! test -e /var/lib/etcd/salvage")
	l.exec("cp1", "sh", "-c", "! test -e /var/lib/kbootstrap/salvaged")
	l.heals()
	l.upAgain()
}
