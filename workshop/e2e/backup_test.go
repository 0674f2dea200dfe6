//go:build e2e && keep

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// keepsMap writes a configmap, which a restore brings back or takes away.
func (l *lab) keepsMap(host, name string) {
	l.t.Helper()
	l.exec(host, "kubectl", "create", "configmap", name, "--from-literal=a=b")
}

// holds checks which of the configmaps that tests write are there.
func (l *lab) holds(host string, want ...string) {
	l.t.Helper()
	got := strings.Fields(l.exec(host, "kubectl", "get", "configmap", "-o", "name"))
	var own []string
	for _, name := range got {
		if name = strings.TrimPrefix(name, "configmap/"); name != "kube-root-ca.crt" {
			own = append(own, name)
		}
	}
	if strings.Join(own, " ") != strings.Join(want, " ") {
		l.fatalf("the cluster holds %q, want %q", own, want)
	}
}

// recipient names a new SSH key in the inventory, and returns the path of the private one.
func (l *lab) recipient() string {
	l.t.Helper()
	key := filepath.Join(l.dir, "backup-key")
	keygen := exec.CommandContext(l.t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	if out, err := keygen.CombinedOutput(); err != nil {
		l.fatalf("ssh-keygen: %v: %s", err, out)
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		l.fatalf("%v", err)
	}
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	text = append(text, "backup:\n  recipients:\n    - "+string(public)...)
	if err := os.WriteFile(l.inventory, text, 0o644); err != nil {
		l.fatalf("%v", err)
	}
	return key
}

// loseEtcd ends a member of etcd and removes its data.
func (l *lab) loseEtcd(host string) {
	l.t.Helper()
	l.exec(host, "sh", "-c", "systemctl stop etcd; rm -rf /var/lib/etcd/member")
}

// containers are the IDs of what runs on a host.
func (l *lab) containers(host string) []string {
	l.t.Helper()
	return strings.Fields(l.exec(host, "ctr", "-n", "k8s.io", "tasks", "ls", "-q"))
}

// revision is that of etcd on a host.
func (l *lab) revision(host string) int64 {
	l.t.Helper()
	var status []struct {
		Status struct {
			Header struct {
				Revision int64 `json:"revision"`
			} `json:"header"`
		}
	}
	out := l.exec(host, "sh", "-c", etcdctl+"endpoint status -w json")
	if err := json.Unmarshal([]byte(out), &status); err != nil || len(status) != 1 {
		l.fatalf("endpoint status: %v: %s", err, out)
	}
	return status[0].Status.Header.Revision
}

// TestKeepRestore: what was written before a backup comes back after the data of etcd is lost, what
// was written after it is gone, and what ran goes on.
func TestKeepRestore(t *testing.T) {
	l := newLab(t, "keep-restore", "--control-planes", "1", "--workers", "1")
	key := l.recipient()
	l.up()
	l.keepsMap("cp1", "first")
	file := filepath.Join(l.dir, "one.kbackup")
	l.must(time.Minute, "backup", "-i", l.inventory, "-o", file)
	out := l.must(time.Minute, "backup", "verify", file, "-i", l.inventory, "--identity", key)
	if !strings.Contains(out, "as the backup says") {
		t.Errorf("verify says: %s", out)
	}
	l.keepsMap("cp1", "later")
	l.holds("cp1", "first", "later")
	restore := []string{"restore", file, "-i", l.inventory, "--identity", key, "--confirm", "keep-restore"}
	if r := l.run(time.Minute, restore...); r.code != 9 || !strings.Contains(r.stderr, "KB6086") {
		l.fatalf("a cluster that runs is replaced: exit %d, %s", r.code, r.stderr)
	}
	l.holds("cp1", "first", "later")

	ran := l.containers("w1")
	l.loseEtcd("cp1")
	l.must(5*time.Minute, restore...)
	l.holds("cp1", "first")
	if after := l.revision("cp1"); after < 1_000_000_000 {
		t.Errorf("the revision is %d, which watchers have seen before", after)
	}
	now := strings.Join(l.containers("w1"), " ")
	for _, id := range ran {
		if !strings.Contains(now, id) {
			t.Logf("the container %s was made again", id)
		}
	}
	l.ready(2, time.Minute)
	l.upAgain()

	l.keepsMap("cp1", "again")
	l.must(5*time.Minute, append(restore, "--replace")...)
	l.holds("cp1", "first")
	l.upAgain()
	for _, left := range []string{"/var/lib/kbootstrap/restor*", "/var/lib/kbootstrap/snapshot/*",
		"/var/lib/etcd/restoring"} {
		if found := l.exec("cp1", "sh", "-c", "ls -d "+left+" 2>/dev/null || true"); found != "" {
			t.Errorf("the restore has left %s", found)
		}
	}
}

// TestKeepRestoreCutOff: up starts nothing while a restore is half done, and the same restore
// finishes it.
func TestKeepRestoreCutOff(t *testing.T) {
	l := newLab(t, "keep-cut", "--control-planes", "1", "--workers", "0")
	key := l.recipient()
	l.up()
	l.keepsMap("cp1", "first")
	file := filepath.Join(l.dir, "one.kbackup")
	l.must(time.Minute, "backup", "-i", l.inventory, "-o", file, "-q")
	l.keepsMap("cp1", "later")
	sum := l.snapshotSum(file, key)
	// As a run leaves the host that was killed when it had noted the restore.
	l.exec("cp1", "sh", "-c", "systemctl disable --now kube-apiserver etcd; echo 20261129t120000z "+sum+
		" > /var/lib/kbootstrap/restoring")
	l.mustRefuse(9, []string{"up"}, "KB6087", "cut off on cp1")
	l.must(5*time.Minute, "restore", file, "-i", l.inventory, "--identity", key, "--confirm", "keep-cut")
	l.holds("cp1", "first")
	if mark := l.exec("cp1", "cat", "/var/lib/etcd/member/restored"); strings.TrimSpace(mark) != "20261129t120000z" {
		t.Errorf("another restore was begun: %s", mark)
	}
	l.upAgain()
}

// snapshotSum is the sum of the snapshot in a backup.
func (l *lab) snapshotSum(file, key string) string {
	l.t.Helper()
	manifest := l.must(time.Minute, "backup", "verify", file, "-i", l.inventory, "--identity", key, "--only-sums",
		"-o", "json")
	var document struct {
		Result struct {
			Manifest struct{ Etcd struct{ SHA256 string } }
		}
	}
	if err := json.Unmarshal([]byte(manifest), &document); err != nil || document.Result.Manifest.Etcd.SHA256 == "" {
		l.fatalf("no sum in %s: %v", manifest, err)
	}
	return document.Result.Manifest.Etcd.SHA256
}

// TestKeepRestoreElsewhere: three members lose their data; then all hosts are lost, and three
// others take their place.
func TestKeepRestoreElsewhere(t *testing.T) {
	l := newLab(t, "keep-three", "--control-planes", "3", "--workers", "0", "--spare", "3")
	key := l.recipient()
	l.up()
	l.keepsMap("cp1", "first")
	file := filepath.Join(l.dir, "one.kbackup")
	l.must(time.Minute, "backup", "-i", l.inventory, "-o", file)
	l.keepsMap("cp1", "later")
	for _, h := range []string{"cp1", "cp2", "cp3"} {
		l.loseEtcd(h)
	}
	l.must(8*time.Minute, "restore", file, "-i", l.inventory, "--identity", key, "--confirm", "keep-three")
	l.holds("cp2", "first")
	l.voters(3)
	l.upAgain()

	for _, h := range []string{"cp1", "cp2", "cp3"} {
		l.mustLab(time.Minute, "kill", h)
	}
	l.moveTo(filepath.Join(l.dir, "elsewhere"), "s1", "s2", "s3")
	l.must(10*time.Minute, "restore", file, "-i", l.inventory, "--identity", key, "--confirm", "keep-three")
	l.holds("s1", "first")
	l.exec("s1", "kubectl", "delete", "node", "cp1", "cp2", "cp3")
	l.eventually(time.Minute, "nodes s1 to s3 are Ready", func(r result) bool {
		return r.code == 0 && strings.Count(r.stdout, " Ready ") == 3
	}, "s1", "kubectl", "get", "nodes", "--no-headers")
	l.upAgain()
}

// moveTo writes an inventory with other hosts into a directory of its own, without a state
// directory.
func (l *lab) moveTo(dir string, names ...string) {
	l.t.Helper()
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	head, rest, _ := strings.Cut(string(text), "hosts:\n")
	_, backup, _ := strings.Cut(rest, "backup:\n")
	head = strings.NewReplacer("key: id_ed25519", "key: ../id_ed25519", "knownHosts: ", "knownHosts: ../").Replace(head)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		l.fatalf("%v", err)
	}
	l.inventory = filepath.Join(dir, "hosts.yaml")
	if err := os.WriteFile(l.inventory, []byte("backup:\n"+backup+head+"hosts:\n"), 0o644); err != nil {
		l.fatalf("%v", err)
	}
	l.joinPlanes(names...)
}
