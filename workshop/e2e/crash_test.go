//go:build e2e && crash

package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kbootstrap/node"
)

var (
	seed    = flag.Uint64("seed", 0, "what the choice of steps depends on; 0 takes the time")
	samples = flag.Int("samples", 8, "how many runs to break")
)

// TestCrash breaks real runs on a real host at random steps: the node is killed before or after a
// step, is given an error, loses its connection, or the tool itself is killed. The next run must
// finish, a third find nothing to do, and the host be as one on which nothing was ever broken.
func TestCrash(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	shipped, err := os.ReadFile("../../bin/kbootstrap")
	if err != nil || bytes.Contains(shipped, []byte("kbootstrap-failpoint")) {
		t.Fatalf("the program that users run has failpoints: %v", err)
	}
	l := newLab(t, "crash", "--control-planes", "1", "--workers", "0")
	if l.program, err = filepath.Abs("../../bin/kbootstrap-crash"); err != nil {
		t.Fatal(err)
	}
	l.up()
	// A reset leaves some of what a host had not, so the golden run is one that comes after a
	// reset, as all others do.
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "crash")
	lines := strings.Count(l.must(5*time.Minute, "up", "-v", "-i", l.inventory), "\n")
	steps := strings.Split(strings.TrimSpace(l.exec("cp1", "cat", node.FailpointLog)), "\n")
	golden := l.digest()
	t.Logf("%d steps on the host; its state has %d lines", len(steps), strings.Count(golden, "\n"))
	for i := range *samples {
		l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "crash")
		point := node.Failpoint{Step: 1 + random.IntN(len(steps)),
			How: []string{"before", "after", "cut", "error", "tool"}[random.IntN(5)]}
		t.Logf("sample %d: %s at %s", i+1, point.How, steps[point.Step-1])
		l.breaks(point, len(steps), lines)
		begin := time.Now()
		l.must(5*time.Minute, "up", "-i", l.inventory)
		t.Logf("sample %d: the second run took %.1f s", i+1, time.Since(begin).Seconds())
		l.upAgain()
		if got := l.digest(); got != golden {
			t.Fatalf("the host is not as one that was never broken:\n%s", lineDiff(golden, got))
		}
	}
}

// breaks makes a run that is broken. Steps are numbered in the order in which this run makes them,
// which differs a little from run to run, since components go on at the same time; a run that has
// fewer of them ends well.
func (l *lab) breaks(point node.Failpoint, steps, lines int) {
	l.t.Helper()
	if point.How == "tool" {
		l.killTool(lines * point.Step / steps)
		return
	}
	text, err := json.Marshal(point)
	if err != nil {
		l.fatalf("%v", err)
	}
	l.input(bytes.NewReader(text), "cp1", "tee", node.FailpointFile)
	r := l.run(5*time.Minute, "up", "-i", l.inventory)
	l.t.Logf("the broken run: exit %d after %.1f s: %s", r.code, r.took.Seconds(), lastLine(r.stderr))
	l.exec("cp1", "rm", "-f", node.FailpointFile)
}

// killTool kills the tool when it has told so many lines.
func (l *lab) killTool(told int) {
	l.t.Helper()
	command := exec.CommandContext(l.t.Context(), l.program, "up", "-v", "-i", l.inventory)
	out, err := command.StdoutPipe()
	if err != nil {
		l.fatalf("%v", err)
	}
	if err := command.Start(); err != nil {
		l.fatalf("%v", err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; n < told && lines.Scan(); n++ {
	}
	_ = command.Process.Kill()
	l.t.Logf("the tool, after %d lines: %v", told, command.Wait())
}

// digest is the state of the host: files with their modes, owners and sums, records of what was
// there before, units, the members of etcd, nodes. It fails when anything temporary is left, or a
// lock, or a key where it must not be.
func (l *lab) digest() string {
	l.t.Helper()
	const files = `cd /
find etc/kubernetes etc/etcd etc/containerd etc/docker etc/cni etc/sysctl.d etc/modules-load.d etc/systemd/system opt/kbootstrap usr/local/bin \
  -path opt/kbootstrap/agent -prune -o -name key.json -prune -o \( -type f -o -type l -o -type d \) -printf '%p %M %u:%g %l\n' 2>/dev/null
find etc/kubernetes etc/etcd etc/containerd etc/systemd/system etc/sysctl.d opt/kbootstrap -path opt/kbootstrap/agent -prune -o -path etc/kubernetes/cni -prune -o -type f -print0 2>/dev/null | xargs -0 sha256sum
find var/lib/kbootstrap/before -name '*.json' | sed 's/[0-9]*-//'
for u in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy containerd docker flanneld; do
  echo "$u $(systemctl show -p ActiveState,UnitFileState --value $u | tr '\n' ' ')"
done
kubectl get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{" "}{.metadata.labels}{" "}{.spec.taints}{"\n"}{end}'
kubectl get deploy,ds,cm,sa,svc -A -o name
etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/healthcheck-client.crt --key /etc/etcd/pki/healthcheck-client.key member list | cut -d' ' -f2-
`
	const rest = `find / -xdev \( -name '*.kbootstrap-[0-9]*' -o -name '*.part-*' -o -name '*.use-[0-9]*' -o -name 'sums.json.new' \) 2>/dev/null
ls /opt/kbootstrap/blobs /run/kbootstrap-lock/lock.json /run/kbootstrap/unflushed 2>/dev/null
flock -n /run/kbootstrap-lock/lock true || echo the lock is held
key=$(sed -n 3p /etc/kubernetes/pki/apiserver.key)
grep -rlF -e "$key" /etc /var/lib/kbootstrap /opt/kbootstrap/etcd* /run /tmp /root 2>/dev/null | grep -v '^/etc/kubernetes/pki/apiserver.key$'
true`
	if left := strings.TrimSpace(l.exec("cp1", "sh", "-c", rest)); left != "" {
		l.fatalf("left behind:\n%s", left)
	}
	lines := strings.Split(l.exec("cp1", "sh", "-c", files), "\n")
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// lineDiff lists the lines that only one of the two has.
func lineDiff(golden, got string) string {
	var b strings.Builder
	has := map[string]int{}
	for line := range strings.SplitSeq(golden, "\n") {
		has[line]--
	}
	for line := range strings.SplitSeq(got, "\n") {
		has[line]++
	}
	for _, line := range slices.SortedFunc(func(yield func(string) bool) {
		for line, n := range has {
			if n != 0 && !yield(line) {
				return
			}
		}
	}, cmp.Compare[string]) {
		fmt.Fprintln(&b, strconv.Itoa(has[line]), line)
	}
	return b.String()
}
