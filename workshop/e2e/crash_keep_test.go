//go:build e2e && crash && keep

package e2e

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kbootstrap/node"
)

// TestCrashRestore breaks restores at random steps: the same restore finishes each, and the cluster
// holds what the backup has, and nothing that was written after it.
func TestCrashRestore(t *testing.T) {
	const name = "crash-restore"
	l, random := newCrash(t, name)
	key := l.recipient()
	l.up()
	l.keepsMap("cp1", "first")
	file := filepath.Join(l.dir, "one.kbackup")
	l.must(2*time.Minute, "backup", "-i", l.inventory, "-o", file)
	restore := []string{"restore", file, "-i", l.inventory, "--identity", key, "--confirm", name, "--replace"}
	steps := l.stepsOf(restore...)
	t.Logf("the second session of a restore, which starts the cluster, has %d steps on the host", steps)
	for i := range *samples {
		l.keepsMap("cp1", "later")
		point := node.Failpoint{Step: 1 + random.IntN([]int{sessionOfData, steps}[i%2]),
			How: []string{"before", "after", "cut", "error"}[random.IntN(4)]}
		t.Logf("sample %d: %s at step %d", i+1, point.How, point.Step)
		l.breaksAt(point, restore...)
		l.must(8*time.Minute, restore...)
		l.holds("cp1", "first")
		l.upAgain()
		if left := l.exec("cp1", "sh", "-c", "ls -d /var/lib/kbootstrap/restor* /var/lib/kbootstrap/snapshot/* "+
			"/var/lib/etcd/restoring 2>/dev/null || true"); left != "" {
			t.Fatalf("the restore has left %s", left)
		}
		l.exec("cp1", "sh", "-c", "rm -r /var/lib/etcd/member.before-restore-*") // as its owner does
	}
}

// sessionOfData is how many steps the first session of a restore has at least, in which the data is
// changed. A step of a higher number is one of the second.
const sessionOfData = 20

// TestCrashRotate breaks each stage of a rotation at a random step: up finishes it, and the
// rotation goes on from the stage in which it was left, until one key is trusted.
func TestCrashRotate(t *testing.T) {
	l, random := newCrash(t, "crash-rotate")
	l.up()
	for _, key := range []string{"kubernetes", "etcd"} {
		first := l.authorities()
		rotate := []string{"certs", "rotate-ca", key, "-i", l.inventory, "--without-backup", "--yes", "--after", "0s"}
		for _, stage := range []string{"stable", "trust", "issue"} {
			if now := l.stage(key); now != stage {
				t.Fatalf("%s is in the stage %q, want %q", key, now, stage)
			}
			point := node.Failpoint{Step: 1 + random.IntN(60),
				How: []string{"before", "after", "cut", "error"}[random.IntN(4)]}
			t.Logf("%s: the stage after %q: %s at step %d", key, stage, point.How, point.Step)
			l.breaksAt(point, rotate...)
			l.must(8*time.Minute, "up", "-i", l.inventory)
			l.upAgain()
			if l.stage(key) == stage { // it was broken before it had begun
				l.must(8*time.Minute, rotate...)
			}
		}
		if now := l.stage(key); now != "stable" {
			t.Fatalf("%s is in the stage %q in the end", key, now)
		}
		path := map[string]string{"kubernetes": "/etc/kubernetes/pki/ca.crt", "etcd": "/etc/etcd/pki/ca.crt"}[key]
		if now := l.authorities()[path]; now == first[path] || strings.Count(now, "BEGIN CERTIFICATE") != 1 {
			t.Errorf("%s is trusted:\n%s", path, now)
		}
	}
	l.upAgain()
	l.ready(1, 3*time.Minute)
	l.heals()
}

// newCrash is a lab of one control plane, whose program can be broken at a step, and what the
// choice of steps comes from.
func newCrash(t *testing.T, name string) (*lab, *rand.Rand) {
	t.Helper()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -seed %d", *seed)
	l := newLab(t, name, "--control-planes", "1", "--workers", "0")
	program, err := filepath.Abs("../../bin/kbootstrap-crash")
	if err != nil {
		t.Fatal(err)
	}
	l.program = program
	return l, rand.New(rand.NewPCG(*seed, 0))
}

// stepsOf runs the program, and returns how many steps its last session has made on cp1.
func (l *lab) stepsOf(arguments ...string) int {
	l.t.Helper()
	l.exec("cp1", "rm", "-f", node.FailpointLog)
	l.must(8*time.Minute, arguments...)
	return strings.Count(l.exec("cp1", "cat", node.FailpointLog), "\n")
}

// breaksAt runs the program, which is broken at a step, if it gets there.
func (l *lab) breaksAt(point node.Failpoint, arguments ...string) {
	l.t.Helper()
	text, err := json.Marshal(point)
	if err != nil {
		l.fatalf("%v", err)
	}
	l.input(bytes.NewReader(text), "cp1", "tee", node.FailpointFile)
	r := l.run(8*time.Minute, arguments...)
	l.t.Logf("the broken run: exit %d after %.1f s: %s", r.code, r.took.Seconds(), lastLine(r.stderr))
	l.exec("cp1", "rm", "-f", node.FailpointFile)
}

// fromStage is what the plan of a rotation says of where it is.
var fromStage = regexp.MustCompile(`from the stage "(\w+)" to`)

// stage is that in which a key is, on every host.
func (l *lab) stage(key string) string {
	l.t.Helper()
	out := l.must(3*time.Minute, "certs", "rotate-ca", key, "-i", l.inventory, "--dry-run", "--after", "0s")
	found := fromStage.FindStringSubmatch(out)
	if found == nil {
		l.fatalf("no stage in\n%s", out)
	}
	return found[1]
}
