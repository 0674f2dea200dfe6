//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestFaults lets a cluster of two hosts go through what happens to real ones, in this order.
func TestFaults(t *testing.T) {
	l := newLab(t, "faults", "--control-planes", "1", "--workers", "1")
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"a host loses its power in mid-run", powerCut},
		{"a bad flag of kube-apiserver is rolled back", badAPIServer},
		{"a bad flag of the kubelet is rolled back", badKubelet},
		{"the tool is killed while it rolls back", killedInRollback},
		{"Ctrl-C, a second operator, a closed terminal", signals},
		{"a closed pipe", closedPipe},
		{"a file edited by hand", editedByHand},
		{"the wrong inventory", wrongInventory},
		{"arguments that cannot work", impossibleArguments},
		{"a stopped kubelet", stoppedKubelet},
		{"a node deleted by hand", deletedNode},
		{"a node comes back unheard", unheardNode},
		{"a drop-in of others", foreignDropIn},
		{"etcd loses its disk", lostDisk},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// underWay is the program while it runs.
type underWay struct {
	*exec.Cmd
	said  *bytes.Buffer // on standard error, when it has ended
	ended chan struct{}
}

// start starts the program and returns when a line of its standard error contains a text. It must
// do that.
func (l *lab) start(text string, arguments ...string) *underWay {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	l.t.Cleanup(cancel)
	c := &underWay{Cmd: exec.CommandContext(ctx, l.program, arguments...), said: new(bytes.Buffer),
		ended: make(chan struct{})}
	stderr, err := c.StderrPipe()
	if err != nil {
		l.fatalf("%v", err)
	}
	if err := c.Start(); err != nil {
		l.fatalf("%v", err)
	}
	seen := make(chan struct{})
	go func() {
		defer close(c.ended)
		once := sync.OnceFunc(func() { close(seen) })
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20) // journals have long ones
		for lines.Scan() {
			fmt.Fprintln(c.said, lines.Text())
			if strings.Contains(lines.Text(), text) {
				once()
			}
		}
	}()
	select {
	case <-seen:
	case <-c.ended:
		l.fatalf("it ended before it said %q: %v\n%s", text, c.Wait(), c.said)
	}
	return c
}

// end waits for the end of the program, which must be with this code; -1 is by a signal.
func (c *underWay) end(t *testing.T, code int) string {
	t.Helper()
	<-c.ended
	_ = c.Wait() // the code tells
	if got := c.ProcessState.ExitCode(); got != code {
		t.Fatalf("exit %d, want %d\n%s", got, code, c.said)
	}
	return c.said.String()
}

func (c *underWay) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := c.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func says(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}

// settles repeats up until there is nothing to do: controllers that have lost their API server for
// a while end themselves, some seconds after it is back too, and up finds them before systemd has
// started them again.
func (l *lab) settles() {
	l.t.Helper()
	var out string
	for range 5 {
		if out = l.must(2*time.Minute, "up", "-i", l.inventory); strings.Contains(out, "nothing to do") {
			return
		}
	}
	l.fatalf("up always finds something to do:\n%s", out)
}

// powerCut pulls the plug of a host in the middle of the first run, and boots it: the same run goes
// on.
func powerCut(t *testing.T, l *lab) {
	up := l.start("w1: containerd:", "up", "-v", "-i", l.inventory)
	l.mustLab(time.Minute, "kill", "w1")
	l.mustLab(2*time.Minute, "start", "w1")
	says(t, up.end(t, 0), "w1: ", "the host rebooted during ")
	l.ready(2, time.Minute)
	l.settles()
}

// Edits of the inventory that give a component a feature gate that it does not know. The inventory
// only warns of it, because patch releases bring gates.
const (
	arguments, badAPIFlag     = "arguments:\n", "arguments:\n  kube-apiserver: {feature-gates: NoSuchGate=true}\n"
	kubeletFlags, badNodeFlag = "kubelet: {", "kubelet: {feature-gates: NoSuchGate=true, "
)

// untouchedBy checks that nothing of a change is left on a host.
func (l *lab) untouchedBy(host, unit string) {
	l.t.Helper()
	if text := l.exec(host, "cat", "/etc/systemd/system/"+unit); strings.Contains(text, "NoSuchGate") {
		l.t.Errorf("%s: %s still has the flag", host, unit)
	}
	if left := l.exec(host, "sh", "-c", "find /var/lib/kbootstrap/undo /run/kbootstrap -name found.json "+
		"-o -name *.restart 2>/dev/null || true"); left != "" {
		l.t.Errorf("%s: left: %s", host, left)
	}
}

func badAPIServer(t *testing.T, l *lab) {
	l.edit(arguments, badAPIFlag)
	r := l.run(4*time.Minute, "up", "-i", l.inventory)
	if r.code != 6 && r.code != 7 {
		t.Errorf("exit %d", r.code)
	}
	t.Logf("rolled back in %.1f s", r.took.Seconds())
	says(t, r.stderr, "error[KB5020]: cp1: kube-apiserver: the program does not know NoSuchGate (KB5108)",
		"rolled back: kube-apiserver.service is as before", "unrecognized feature gate: NoSuchGate",
		"cp1: kube-apiserver: put back: file /etc/systemd/system/kube-apiserver.service")
	l.untouchedBy("cp1", "kube-apiserver.service")
	says(t, l.kubectl("get", "nodes"), "cp1", "w1")
	if plan := l.run(time.Minute, "plan", "-i", l.inventory, "--detailed-exitcode"); plan.code != 3 ||
		!strings.Contains(plan.stdout, "NoSuchGate") {
		t.Errorf("plan: exit %d\n%s", plan.code, plan.stdout)
	}
	l.edit(badAPIFlag, arguments)
	l.settles()
}

func badKubelet(t *testing.T, l *lab) {
	l.edit(kubeletFlags, badNodeFlag)
	before := untouched(l, "cp1")
	r := l.run(4*time.Minute, "up", "-i", l.inventory, "--limit", "w1")
	if r.code != 6 && r.code != 7 {
		t.Errorf("exit %d", r.code)
	}
	t.Logf("rolled back in %.1f s", r.took.Seconds())
	says(t, r.stderr, "error[KB5020]: w1: kubelet: ", "rolled back: kubelet.service is as before",
		"unrecognized feature gate: NoSuchGate")
	l.untouchedBy("w1", "kubelet.service")
	if after := untouched(l, "cp1"); after != before {
		t.Errorf("the other host was changed: before\n%s\nafter\n%s", before, after)
	}
	l.edit(badNodeFlag, kubeletFlags)
	l.settles()
}

// killedInRollback ends the tool with SIGKILL: the host finishes what it is at without it.
func killedInRollback(t *testing.T, l *lab) {
	l.edit(arguments, badAPIFlag)
	up := l.start("rolling back kube-apiserver.service", "up", "-v", "-i", l.inventory)
	up.signal(t, syscall.SIGKILL)
	up.end(t, -1)
	l.eventually(3*time.Minute, "the host ends its session", func(r result) bool { return r.code == 0 },
		"cp1", "flock", "--nonblock", "/run/kbootstrap-lock/lock", "true")
	l.untouchedBy("cp1", "kube-apiserver.service")
	says(t, l.kubectl("get", "nodes"), "cp1", "w1")
	l.edit(badAPIFlag, arguments)
	l.settles()
}

const ports = "network: {nodePorts: 30000-33333}\nkubernetes: "

// signals stops a run in the middle of a change, twice: it makes the service whole, and ends.
// Meanwhile a second operator is told who is at work.
func signals(t *testing.T, l *lab) {
	waits := "cp1: kube-apiserver: waiting for https://127.0.0.1:6443/readyz"
	l.edit("kubernetes: ", ports)
	up := l.start(waits, "up", "-v", "-i", l.inventory)
	up.signal(t, syscall.SIGINT)
	says(t, up.end(t, 130), "stopping after the current step (Ctrl-C again to force)",
		"interrupted; run the same command again")
	says(t, l.exec("cp1", "cat", "/etc/systemd/system/kube-apiserver.service"), "30000-33333")
	l.settles() // at once: the locks are free, and the step was finished

	l.edit(ports, "kubernetes: ")
	up = l.start(waits, "up", "-v", "-i", l.inventory)
	up.signal(t, syscall.SIGSTOP) // so that it is still there when the others come
	here := l.run(time.Minute, "up", "-i", l.inventory)
	elsewhere := l.run(time.Minute, "up", "-i", l.copied("elsewhere"))
	up.signal(t, syscall.SIGCONT)
	for where, r := range map[string]result{"here": here, "elsewhere": elsewhere} {
		if r.code != 8 {
			t.Errorf("%s: a second run exits with %d, want 8", where, r.code)
		}
		says(t, r.stderr, "error[KB6101]: ", "locked by ", fmt.Sprintf("(pid %d) since ", up.Process.Pid),
			": kbootstrap up -v -i "+l.inventory)
	}
	says(t, elsewhere.stderr, ": connect: locked by ") // of one host or of both
	up.signal(t, syscall.SIGHUP)
	up.signal(t, syscall.SIGHUP) // the kernel's and the shell's
	up.end(t, 130)
	l.settles()
}

// copied is the inventory with its state as another machine would have it.
func (l *lab) copied(name string) string {
	l.t.Helper()
	dir := filepath.Join(l.t.TempDir(), name)
	for _, from := range []string{"hosts.yaml", "known_hosts", "id_ed25519", ".kbootstrap"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			l.fatalf("%v", err)
		}
		copied := exec.CommandContext(l.t.Context(), "cp", "-a", filepath.Join(l.dir, from), dir)
		if out, err := copied.CombinedOutput(); err != nil {
			l.fatalf("%v: %s", err, out)
		}
	}
	return filepath.Join(dir, "hosts.yaml")
}

// closedPipe closes the pipe that the tool writes to: the tool finishes its work all the same.
func closedPipe(t *testing.T, l *lab) {
	l.edit("kubernetes: ", ports)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, l.program, "up", "-v", "-i", l.inventory)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = in, in
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	if _, err := out.Read(make([]byte, 1)); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	out.Close()
	if err := c.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	l.settles()
}

// editedByHand edits a file of a service and restarts it: up puts the file back, and has the
// service read it.
func editedByHand(t *testing.T, l *lab) {
	l.exec("cp1", "sh", "-c", "echo '# by hand' >>/etc/kubernetes/audit-policy.yaml; systemctl restart kube-apiserver")
	pid := l.exec("cp1", "systemctl", "show", "-p", "MainPID", "kube-apiserver")
	says(t, l.must(time.Minute, "plan", "-i", l.inventory), "-| # by hand",
		"~ service kube-apiserver.service (restart)", "-older than what it starts with")
	l.up()
	if now := l.exec("cp1", "systemctl", "show", "-p", "MainPID", "kube-apiserver"); now == pid {
		t.Errorf("the process is the same: %s", now)
	}
	l.settles()
}

// lostDisk takes the data of the only etcd member: it must not found another cluster, and up says
// what is the matter and touches nothing. With the data back, the cluster is what it was.
func lostDisk(t *testing.T, l *lab) {
	uid := l.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
	l.exec("cp1", "sh", "-c", "systemctl stop etcd && mv /var/lib/etcd/member /root/member && "+
		"systemctl start --no-block etcd")
	l.eventually(time.Minute, "etcd gives up", func(r result) bool {
		return r.code == 0 && strings.TrimSpace(r.stdout) != "NRestarts=0"
	}, "cp1", "systemctl", "show", "-p", "NRestarts", "etcd")
	if log := l.exec("cp1", "sh", "-c", "ls /var/lib/etcd/member/wal 2>/dev/null || true"); log != "" {
		t.Fatalf("it has founded a cluster: %s", log)
	}
	r := l.run(4*time.Minute, "up", "-i", l.inventory)
	if r.code == 0 {
		t.Error("up is content")
	}
	says(t, r.stderr, "member cp1 has no data in /var/lib/etcd")
	l.exec("cp1", "sh", "-c", "systemctl stop etcd && rm -r /var/lib/etcd/member && mv /root/member "+
		"/var/lib/etcd/member && systemctl start etcd")
	l.eventually(2*time.Minute, "the cluster that it was", contains(uid), "cp1", "kubectl", "get", "namespace",
		"kube-system", "-o", "jsonpath={.metadata.uid}")
}
