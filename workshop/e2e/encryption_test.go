//go:build e2e && hosts

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// allLieAs checks what every secret of the cluster begins with in etcd, also those that no test
// made.
func (l *lab) allLieAs(prefix string) {
	l.t.Helper()
	const list = `set -e; ask() { etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/etcd/pki/ca.crt \
  --cert /etc/etcd/pki/healthcheck-client.crt --key /etc/etcd/pki/healthcheck-client.key get "$@"; }
ask --prefix --keys-only /registry/secrets/ | while read -r key; do
  [ -z "$key" ] || echo "$key $(ask --print-value-only "$key" | head -c 26 | tr -c '[:print:]' 0)"; done`
	secrets := strings.Split(strings.TrimSpace(l.exec("cp1", "sh", "-c", list)), "\n")
	for _, s := range secrets {
		if key, value, _ := strings.Cut(s, " "); !strings.HasPrefix(value, strings.ReplaceAll(prefix, "\x00", "0")) {
			l.t.Errorf("%s lies in etcd as %q, want %q first", key, value, prefix)
		}
	}
	l.t.Logf("%d secrets begin with %q", len(secrets), prefix)
}

// writes is what the API server of each host writes first, by its configuration.
func (l *lab) writes() (first []string) {
	l.t.Helper()
	for _, h := range l.hosts() {
		text := l.exec(h.Name, "cat", "/etc/kubernetes/encryption.yaml")
		key, identity := strings.Index(text, "secretbox"), strings.Index(text, "identity")
		switch {
		case key < 0 || identity < 0:
			l.fatalf("%s reads only some of what lies in etcd", h.Name)
		case key < identity:
			first = append(first, "key")
		default:
			first = append(first, "identity")
		}
	}
	return first
}

// upWhenFree is up after a run that was killed: its host goes on until the service that it was
// changing is healthy, and has the lock meanwhile.
func (l *lab) upWhenFree() {
	l.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		r := l.run(5*time.Minute, "up", "-i", l.inventory)
		if r.code == 0 {
			return
		}
		if r.code != 8 || !strings.Contains(r.stderr, "KB6101") || time.Now().After(deadline) {
			l.fatalf("up after a run that was killed: exit %d\n%s%s", r.code, r.stdout, r.stderr)
		}
	}
}

// What values in etcd begin with.
const (
	plainSecret = "k8s\x00"
	boxedSecret = "k8s:enc:secretbox:v1:"
)

// TestHostsEncryption: a cluster of three control planes that was made without encryption gets it
// by a plain up, also when that is killed between the rounds; then it begins to be decrypted and
// is not, gets another key, loses its keys, and is decrypted again.
func TestHostsEncryption(t *testing.T) {
	l := newLab(t, "e2e-encryption", "--control-planes", "3", "--workers", "0")
	const set = "artifacts: {mirror"
	l.edit(set, "security: {encryption: none}\n"+set)
	l.up()
	l.exec("cp1", "kubectl", "create", "secret", "generic", "old", "--from-literal=p=hunter2")
	for n := range 12 {
		l.kubectl("create", "secret", "generic", fmt.Sprint("other-", n), "-n", "kube-system", "--from-literal=p=x")
	}
	l.mustLieAs("old", plainSecret)
	if out := l.runLab(time.Minute, "exec", "cp1", "--", "ls", "/etc/kubernetes/encryption.yaml"); out.code == 0 {
		t.Error("a cluster without encryption has a configuration for it")
	}

	l.edit("security: {encryption: none}\n", "")
	up := l.start("cp1: encryption: encryption of new secrets", "up", "-v", "-i", l.inventory)
	up.signal(t, syscall.SIGKILL)
	up.end(t, -1)
	l.mustLieAs("old", plainSecret)
	// The first of the three may have been told to write already, and the others read the key.
	if writes := l.writes(); !slices.Equal(writes[1:], []string{"identity", "identity"}) {
		t.Errorf("killed while cp1 is told to encrypt, the API servers write %v", writes)
	}
	l.upWhenFree()
	l.mustLieAs("old", boxedSecret+"key1:")
	l.allLieAs(boxedSecret + "key1:")
	l.exec("cp2", "kubectl", "create", "secret", "generic", "new", "--from-literal=p=hunter2")
	l.mustLieAs("new", boxedSecret+"key1:")
	l.upAgain()

	// A change that is broken off and turned round leaves no secret as it was written meanwhile.
	l.edit(set, "security: {encryption: none}\n"+set)
	up = l.start("cp2: encryption: encryption of new secrets", "up", "-v", "-i", l.inventory)
	up.signal(t, syscall.SIGKILL)
	up.end(t, -1)
	l.eventually(2*time.Minute, "a secret between the two", func(r result) bool { return r.code == 0 }, "cp1",
		"kubectl", "create", "secret", "generic", "between", "--from-literal=p=hunter2")
	l.mustLieAs("between", plainSecret)
	l.edit("security: {encryption: none}\n", "")
	l.upWhenFree()
	l.mustLieAs("between", boxedSecret+"key1:")
	l.allLieAs(boxedSecret + "key1:")
	l.upAgain()

	l.edit(set, "security: {encryptionKey: 2}\n"+set)
	plan := l.run(2*time.Minute, "plan", "-v", "-i", l.inventory)
	l.up()
	l.mustLieAs("old", boxedSecret+"key2:")
	l.allLieAs(boxedSecret + "key2:")
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
	l.mustRefuse(9, []string{"up", "plan"}, "KB6045", "cp1", "cp2", "cp3", "key1")
	if err := os.Rename(lost+".away", lost); err != nil {
		t.Fatal(err)
	}
	l.upAgain()

	l.edit("security: {encryptionKey: 2}\n", "security: {encryption: none}\n")
	l.up()
	l.mustLieAs("old", plainSecret)
	l.mustLieAs("new", plainSecret)
	l.allLieAs(plainSecret)
	l.upAgain()
}
