//go:build e2e && hosts

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// raw is how a secret lies in etcd.
func (l *lab) raw(name string) string {
	l.t.Helper()
	return l.exec("cp1", "etcdctl", "--endpoints", "https://127.0.0.1:2379", "--cacert", "/etc/etcd/pki/ca.crt",
		"--cert", "/etc/etcd/pki/healthcheck-client.crt", "--key", "/etc/etcd/pki/healthcheck-client.key",
		"get", "--print-value-only", "/registry/secrets/default/"+name)
}

// mustLieAs checks how a secret lies in etcd, and that every API server reads it, as soon as it
// answers: a run that was killed may have left one in its start.
func (l *lab) mustLieAs(name, prefix string) {
	l.t.Helper()
	raw := l.raw(name)
	if !strings.HasPrefix(raw, prefix) || prefix != plainSecret && strings.Contains(raw, "hunter2") {
		l.fatalf("%s lies in etcd as %.60q, want %q first", name, raw, prefix)
	}
	for _, h := range l.hosts() {
		l.eventually(2*time.Minute, name+" is read by the API server of "+h.Name, contains("aHVudGVyMg=="),
			h.Name, "kubectl", "get", "secret", name, "-o", "jsonpath={.data.p}")
	}
}

// What values in etcd begin with.
const (
	plainSecret = "k8s\x00"
	boxedSecret = "k8s:enc:secretbox:v1:"
)

// TestHostsEncryption: a cluster of three control planes that was made without encryption gets it
// by a plain up, also when that is killed between the rounds; then it gets another key, loses its
// keys, and is decrypted again.
func TestHostsEncryption(t *testing.T) {
	l := newLab(t, "e2e-encryption", "--control-planes", "3", "--workers", "0")
	const set = "artifacts: {mirror"
	l.edit(set, "security: {encryption: none}\n"+set)
	l.up()
	l.exec("cp1", "kubectl", "create", "secret", "generic", "old", "--from-literal=p=hunter2")
	l.mustLieAs("old", plainSecret)
	if out := l.runLab(time.Minute, "exec", "cp1", "--", "ls", "/etc/kubernetes/encryption.yaml"); out.code == 0 {
		t.Error("a cluster without encryption has a configuration for it")
	}

	l.edit("security: {encryption: none}\n", "")
	up := l.start("cp1: encryption: encryption of new secrets", "up", "-v", "-i", l.inventory)
	up.signal(t, syscall.SIGKILL)
	up.end(t, -1)
	l.mustLieAs("old", plainSecret)
	l.up()
	l.mustLieAs("old", boxedSecret+"key1:")
	l.exec("cp2", "kubectl", "create", "secret", "generic", "new", "--from-literal=p=hunter2")
	l.mustLieAs("new", boxedSecret+"key1:")
	l.upAgain()

	l.edit(set, "security: {encryptionKey: 2}\n"+set)
	plan := l.run(2*time.Minute, "plan", "-v", "-i", l.inventory)
	l.up()
	l.mustLieAs("old", boxedSecret+"key2:")
	l.upAgain()
	pki := filepath.Join(filepath.Dir(l.inventory), ".kbootstrap", "e2e-encryption", "pki")
	for _, name := range []string{"encryption-1.key", "encryption-2.key"} {
		key := strings.TrimSpace(readFile(t, filepath.Join(pki, name)))
		if len(key) < 40 || strings.Contains(plan.stdout+plan.stderr, key) {
			t.Errorf("the plan shows %s, or there is none", name)
		}
	}
	if mode := l.exec("cp3", "stat", "-c", "%a %U", "/etc/kubernetes/encryption.yaml"); mode != "600 root\n" {
		t.Errorf("the configuration has mode and owner %s", mode)
	}

	lost := filepath.Join(pki, "encryption-1.key")
	if err := os.Rename(lost, lost+".away"); err != nil {
		t.Fatal(err)
	}
	l.mustRefuse(5, []string{"up"}, "KB6045", "cp1", "cp2", "cp3", "key1")
	if err := os.Rename(lost+".away", lost); err != nil {
		t.Fatal(err)
	}
	l.upAgain()

	l.edit("security: {encryptionKey: 2}\n", "security: {encryption: none}\n")
	l.up()
	l.mustLieAs("old", plainSecret)
	l.mustLieAs("new", plainSecret)
	l.upAgain()
}
