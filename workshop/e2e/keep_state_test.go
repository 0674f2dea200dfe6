//go:build e2e && keep

package e2e

import (
	"bytes"
	"encoding/pem"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stateDir is the state directory of the lab's cluster.
func (l *lab) stateDir() string {
	l.t.Helper()
	found, err := filepath.Glob(filepath.Join(l.dir, ".kbootstrap", "*", "pki"))
	if err != nil || len(found) != 1 {
		l.fatalf("state directories: %v %v", found, err)
	}
	return filepath.Dir(found[0])
}

// loseState moves the state directory away, and returns where to.
func (l *lab) loseState(name string) string {
	l.t.Helper()
	to := filepath.Join(l.dir, name)
	if err := os.Rename(l.stateDir(), to); err != nil {
		l.fatalf("%v", err)
	}
	return to
}

// inTheClear are the files below a directory with a private key in PEM.
func (l *lab) inTheClear(dir string) []string {
	l.t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if strings.Contains(block.Type, "PRIVATE KEY") {
				found = append(found, path)
			}
		}
		return err
	})
	if err != nil {
		l.fatalf("%v", err)
	}
	return found
}

// TestKeepAdopt: the state directory is gone. With a backup it comes back to the byte, up changes
// nothing, and a host is added with it. Without one the keys of two authorities are lost: they are
// replaced, in runs that the cluster lives through.
func TestKeepAdopt(t *testing.T) {
	l := newLab(t, "keep-adopt", "--control-planes", "1", "--workers", "1", "--spare", "1")
	key := l.sealer()
	l.up()
	file := filepath.Join(l.dir, "one.kbackup")
	l.must(time.Minute, "backup", "-i", l.inventory, "-o", file)
	adopt := []string{"adopt", file, "-i", l.inventory, "--identity", key}
	if r := l.run(time.Minute, adopt...); r.code == 0 || !strings.Contains(r.stderr, "KB6113") {
		l.fatalf("adopt where nothing is lost: exit %d, %s", r.code, r.stderr)
	}
	l.must(10*time.Minute, "certs", "renew", "scheduler", "kubelet", "-i", l.inventory) // newer than the backup
	was := l.loseState("lost")
	l.must(2*time.Minute, adopt...)
	diff := exec.CommandContext(t.Context(), "diff", "-r", "-x", ".lock", filepath.Join(was, "pki"),
		filepath.Join(l.stateDir(), "pki"))
	if out, err := diff.CombinedOutput(); err != nil {
		l.fatalf("the state directory is not what it was: %s", out)
	}
	l.upAgain()
	l.join("s1")
	l.must(5*time.Minute, "add-node", "s1", "-i", l.inventory)
	l.ready(3, 5*time.Minute)

	l.must(10*time.Minute, "certs", "rotate-ca", "service-account", "-i", l.inventory, "--yes")
	l.loseState("lost-again")
	if r := l.run(2*time.Minute, adopt...); r.code == 0 || !strings.Contains(r.stderr, "KB6112") {
		l.fatalf("a backup that is older than a key of today: exit %d, %s", r.code, r.stderr)
	}
	if err := os.RemoveAll(filepath.Join(l.dir, ".kbootstrap")); err != nil {
		l.fatalf("%v", err)
	}
	if err := os.Rename(filepath.Join(l.dir, "lost-again"), l.parent("keep-adopt")); err != nil {
		l.fatalf("%v", err)
	}
	l.must(10*time.Minute, "certs", "rotate-ca", "service-account", "-i", l.inventory, "--yes", "--back")

	l.loseState("lost-for-good")
	out := l.must(2*time.Minute, "adopt", "-i", l.inventory)
	for _, of := range []string{"etcd", "front-proxy"} {
		if !strings.Contains(out, "rotate-ca "+of) {
			t.Errorf("nothing is said of the lost key of %s:\n%s", of, out)
		}
	}
	l.must(10*time.Minute, "up", "-i", l.inventory)
	l.upAgain()
	for _, of := range []string{"etcd", "front-proxy"} {
		l.must(10*time.Minute, "certs", "rotate-ca", of, "-i", l.inventory, "--yes") // issue
		if r := l.run(5*time.Minute, "certs", "rotate-ca", of, "-i", l.inventory, "--yes", "--back"); r.code == 0 ||
			!strings.Contains(r.stderr, "KB6092") {
			t.Errorf("back to an authority whose key is lost: exit %d, %s", r.code, r.stderr)
		}
		l.must(10*time.Minute, "certs", "rotate-ca", of, "-i", l.inventory, "--yes") // distrust
	}
	l.upAgain()
	l.ready(3, 5*time.Minute)
}

// parent makes the directory of state directories, and returns the path of that of a cluster.
func (l *lab) parent(cluster string) string {
	l.t.Helper()
	dir := filepath.Join(l.dir, ".kbootstrap")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		l.fatalf("%v", err)
	}
	return filepath.Join(dir, cluster)
}

// TestKeepState: the keys are encrypted at rest, runs go on as before, and a second operator gets
// the state directory from the control planes. Who is behind takes nothing away.
func TestKeepState(t *testing.T) {
	l := newLab(t, "keep-state", "--control-planes", "3", "--workers", "0")
	key := l.sealer() // of backup.recipients, for which keys are encrypted by default
	l.up()
	as := func(arguments ...string) []string {
		return append(arguments, "-i", l.inventory, "--identity", key)
	}
	if r := l.run(time.Minute, as("state", "push")...); r.code == 0 || !strings.Contains(r.stderr, "KB6117") {
		l.fatalf("keys in the clear are pushed: exit %d, %s", r.code, r.stderr)
	}
	l.must(time.Minute, as("state", "encrypt")...)
	if found := l.inTheClear(l.stateDir()); len(found) > 0 {
		t.Errorf("in the clear: %v", found)
	}
	r := l.run(5*time.Minute, as("up")...)
	if r.code != 0 || !strings.Contains(r.stdout, "nothing to do") {
		l.fatalf("up with encrypted keys: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := l.run(time.Minute, "plan", "-i", l.inventory, "--identity", l.newKey("other-key")); r.code == 0 ||
		!strings.Contains(r.stderr, "KB6096") {
		l.fatalf("a plan with another key: exit %d, %s", r.code, r.stderr)
	}
	l.must(time.Minute, as("state", "push")...)
	for _, h := range l.hosts() {
		found := l.exec(h.Name, "sh", "-c", "stat -c '%a %U' /var/lib/kbootstrap/shared/*; "+
			"grep -c PRIVATE /var/lib/kbootstrap/shared/*.kstate || :")
		if want := "600 root\n600 root\n0"; strings.TrimSpace(found) != want {
			t.Errorf("%s: what is shared is %q, want %q", h.Name, found, want)
		}
	}

	mine := l.loseState("mine") // as on another machine
	l.must(time.Minute, as("state", "pull")...)
	if !sameFile(t, filepath.Join(mine, "pki", "keys.age"), filepath.Join(l.stateDir(), "pki", "keys.age")) {
		t.Error("another thing was pulled than pushed")
	}
	l.must(10*time.Minute, as("certs", "renew", "scheduler")...)
	l.must(time.Minute, as("state", "push")...)

	theirs := l.loseState("theirs") // the first operator, who is behind
	if err := os.Rename(mine, l.parent("keep-state")); err != nil {
		l.fatalf("%v", err)
	}
	if r := l.run(2*time.Minute, as("status")...); !strings.Contains(r.stdout+r.stderr, "serial 2") {
		t.Errorf("status does not say that the shared state directory is newer:\n%s%s", r.stdout, r.stderr)
	}
	if r := l.run(time.Minute, append(as("state", "encrypt"), "-q")...); r.code != 0 { // a change here
		l.fatalf("state encrypt again: %s", r.stderr)
	}
	if r := l.run(time.Minute, as("state", "push")...); r.code == 0 || !strings.Contains(r.stderr, "KB6114") {
		l.fatalf("an older state directory is pushed: exit %d, %s", r.code, r.stderr)
	}
	if r := l.run(time.Minute, as("state", "pull")...); r.code == 0 || !strings.Contains(r.stderr, "KB6119") {
		l.fatalf("what was changed here is thrown away: exit %d, %s", r.code, r.stderr)
	}
	l.must(time.Minute, append(as("state", "pull"), "--replace")...)
	if !sameFile(t, filepath.Join(theirs, "pki", "keys.age"), filepath.Join(l.stateDir(), "pki", "keys.age")) {
		t.Error("another thing was pulled than pushed")
	}
	r = l.run(5*time.Minute, as("up")...)
	if r.code != 0 || !strings.Contains(r.stdout, "nothing to do") {
		l.fatalf("up with what was pulled: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.must(time.Minute, as("state", "decrypt")...)
	if found := l.inTheClear(filepath.Join(l.stateDir(), "pki")); len(found) == 0 {
		t.Error("no key is there after state decrypt")
	}
	l.upAgain()
}

// sealer names a new SSH key in the inventory, before the hosts, and returns the path of the
// private one.
func (l *lab) sealer() string {
	l.t.Helper()
	key := l.newKey("state-key")
	l.edit("hosts:\n", "backup:\n  recipients:\n    - "+readFile(l.t, key+".pub")+"hosts:\n")
	return key
}

// newKey makes an SSH key, and returns the path of the private one.
func (l *lab) newKey(name string) string {
	l.t.Helper()
	key := filepath.Join(l.dir, name)
	keygen := exec.CommandContext(l.t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	if out, err := keygen.CombinedOutput(); err != nil {
		l.fatalf("ssh-keygen: %v: %s", err, out)
	}
	return key
}

func sameFile(t *testing.T, one, other string) bool {
	t.Helper()
	a, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(a, b)
}
