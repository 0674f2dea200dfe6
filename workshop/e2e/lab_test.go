//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// lab is a running lab and the inventory of its cluster. Everything is done with the program that
// users run.
type lab struct {
	t         *testing.T
	program   string // bin/kbootstrap
	kblab     string // bin/kblab
	dir       string
	inventory string
	failure   string // the first that was told by fatalf; report repeats it
	// slow is how many times longer than elsewhere its commands may take; 0 is once.
	slow time.Duration
	// patience begins a wait, and returns what reports that it has taken too long. Without it the
	// clock alone counts.
	patience func(limit time.Duration) (isLate func() bool)
}

// newLab boots hosts and takes them down at the end of the test.
func newLab(t *testing.T, name string, arguments ...string) *lab {
	t.Helper()
	// Not below /tmp, which may be small or in memory; data directories of containers must be on a
	// real file system.
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return newLabIn(t, filepath.Join(cache, "kbootstrap", "e2e", name), name, arguments...)
}

// newLabIn is newLab in a directory of the caller's choice.
func newLabIn(t *testing.T, dir, name string, arguments ...string) *lab {
	t.Helper()
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{
		t: t, program: filepath.Join(bin, "kbootstrap"), kblab: filepath.Join(bin, "kblab"),
		dir: dir, inventory: filepath.Join(dir, "hosts.yaml"),
	}
	l.mustLab(time.Minute, "down")            // what an earlier, killed test left
	if err := os.RemoveAll(dir); err != nil { // and the files of earlier ones, of which the lab knows nothing
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			l.report()
		}
		l.mustLab(time.Minute, "down")
	})
	// Root file systems of systems that no test had before are made in it.
	l.mustLab(20*time.Minute, "up", append([]string{"--name", name}, arguments...)...)
	return l
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// run runs the program with a deadline.
func (l *lab) run(limit time.Duration, arguments ...string) result {
	l.t.Helper()
	return l.runs(limit, l.program, arguments...)
}

// runLab runs a verb of the lab with a deadline.
func (l *lab) runLab(limit time.Duration, verb string, arguments ...string) result {
	l.t.Helper()
	return l.runs(limit, l.kblab, append([]string{verb, "--dir", l.dir}, arguments...)...)
}

// runs runs any program with a deadline.
func (l *lab) runs(limit time.Duration, program string, arguments ...string) result {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit*max(1, l.slow))
	defer cancel()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, program, arguments...)
	command.Stdout, command.Stderr = &stdout, &stderr
	begin := time.Now()
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		l.fatalf("%s %s: %v (%v)\n%s%s", filepath.Base(program), strings.Join(arguments, " "), err, ctx.Err(),
			&stdout, &stderr)
	}
	return result{code: command.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(),
		took: time.Since(begin)}
}

// must runs the program and fails the test when it does not exit with 0.
func (l *lab) must(limit time.Duration, arguments ...string) string {
	l.t.Helper()
	r := l.run(limit, arguments...)
	if r.code != 0 {
		l.fatalf("kbootstrap %s: exit %d after %s\n%s%s", strings.Join(arguments, " "), r.code, r.took, r.stdout,
			r.stderr)
	}
	return r.stdout
}

// mustLab runs a verb of the lab and fails the test when it does not exit with 0.
func (l *lab) mustLab(limit time.Duration, verb string, arguments ...string) string {
	l.t.Helper()
	r := l.runLab(limit, verb, arguments...)
	if r.code != 0 {
		l.fatalf("kblab %s %s: exit %d after %s\n%s%s", verb, strings.Join(arguments, " "), r.code, r.took, r.stdout,
			r.stderr)
	}
	return r.stdout
}

// up brings the cluster up.
func (l *lab) up() {
	l.t.Helper()
	begin := time.Now()
	l.must(5*time.Minute, "up", "-i", l.inventory)
	l.t.Logf("up took %.1f s", time.Since(begin).Seconds())
}

// waits are the changes that are none: what they name was waited for.
var waits = regexp.MustCompile(`^(ready|rollout|pods of node|node \S+ (is|has)) `)

// upAgain checks that another up changes nothing. It may wait: a controller manager whose API
// server was away takes nodes for lost half a minute later, until it has heard of them again.
func (l *lab) upAgain(flags ...string) {
	l.t.Helper()
	if changes, log := l.changesOfUp(flags...); len(changes) > 0 {
		l.fatalf("the second up changed something, see %s:\n%s", log, strings.Join(changes, "\n"))
	}
}

// changesOfUp brings the cluster up and returns what that has changed, but for waits, and the log
// of the run. No service may have been restarted.
func (l *lab) changesOfUp(flags ...string) (changes []string, path string) {
	l.t.Helper()
	var document struct {
		Changed int
		Log     string
	}
	out := l.must(2*time.Minute, append([]string{"up", "-i", l.inventory, "-o", "json"}, flags...)...)
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		l.fatalf("%v in %s", err, out)
	}
	if document.Changed == 0 {
		return nil, document.Log
	}
	log, err := os.ReadFile(document.Log)
	if err != nil {
		l.fatalf("%v", err)
	}
	if strings.Contains(string(log), "text=\"restarting ") {
		l.fatalf("the second up restarted a service, see %s:\n%s", document.Log, out)
	}
	told := regexp.MustCompile(`msg=change .*resource="?(.*)`).FindAllStringSubmatch(string(log), -1)
	if len(told) == 0 {
		l.fatalf("the second up changed something, and %s does not say what:\n%s", document.Log, out)
	}
	for _, c := range told {
		if !waits.MatchString(c[1]) {
			changes = append(changes, c[1])
		}
	}
	if len(changes) == 0 {
		l.t.Logf("the second up waited for %q", told)
	}
	return changes, document.Log
}

// heals asks for the status until it is healthy. Nodes may be taken for lost for a while, see
// upAgain, and a status tells what is at this moment.
func (l *lab) heals() result {
	l.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		r := l.run(4*time.Minute, "status", "-i", l.inventory)
		if r.code == 0 {
			return r
		}
		if time.Now().After(deadline) {
			l.fatalf("the cluster does not heal: exit %d\n%s%s", r.code, r.stdout, r.stderr)
		}
	}
}

// exec runs a command as root on a host.
func (l *lab) exec(host string, command ...string) string {
	l.t.Helper()
	return l.mustLab(2*time.Minute, "exec", append([]string{host, "--"}, command...)...)
}

// kubectl runs kubectl on the first control plane.
func (l *lab) kubectl(arguments ...string) string {
	l.t.Helper()
	return l.exec("cp1", append([]string{"kubectl"}, arguments...)...)
}

// apply applies a manifest.
func (l *lab) apply(manifest string) {
	l.t.Helper()
	l.input(strings.NewReader(manifest), "cp1", "kubectl", "apply", "-f", "-")
}

// input runs a command on a host with standard input.
func (l *lab) input(stdin interface{ Read([]byte) (int, error) }, host string, command ...string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, l.kblab, append([]string{"exec", "--dir", l.dir, host, "--"}, command...)...)
	c.Stdin = stdin
	if out, err := c.CombinedOutput(); err != nil {
		l.fatalf("%s: %s: %v\n%s", host, strings.Join(command, " "), err, out)
	}
}

// mustRefuse runs commands on the inventory, each of which must end with the exit code and name
// these texts.
func (l *lab) mustRefuse(code int, commands []string, texts ...string) {
	l.t.Helper()
	for _, command := range commands {
		r := l.run(3*time.Minute, append(strings.Fields(command), "-i", l.inventory)...)
		if r.code != code {
			l.t.Errorf("%s: exit %d, want %d\n%s%s", command, r.code, code, r.stdout, r.stderr)
		}
		for _, text := range texts {
			if !strings.Contains(r.stdout+r.stderr, text) {
				l.t.Errorf("%s does not tell %q:\n%s%s", command, text, r.stdout, r.stderr)
			}
		}
	}
}

// eventually repeats a command on a host until its output satisfies ok.
func (l *lab) eventually(limit time.Duration, what string, ok func(result) bool, host string, command ...string) {
	l.t.Helper()
	isLate := l.await(limit)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		r := l.runLab(time.Minute, "exec", append([]string{host, "--"}, command...)...)
		if ok(r) {
			return
		}
		if isLate() {
			l.fatalf("%s: not within %s; last on %s: %s: exit %d\n%s%s", what, limit, host,
				strings.Join(command, " "), r.code, r.stdout, r.stderr)
		}
		<-tick.C
	}
}

// await begins a wait, and returns what reports that it has taken too long.
func (l *lab) await(limit time.Duration) (isLate func() bool) {
	if l.patience != nil {
		return l.patience(limit)
	}
	deadline := time.Now().Add(limit)
	return func() bool { return time.Now().After(deadline) }
}

// contains is an ok for eventually: exit 0 and this text.
func contains(text string) func(result) bool {
	return func(r result) bool { return r.code == 0 && strings.Contains(r.stdout, text) }
}

// host is a host of the lab.
type host struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	SSHPort int    `json:"sshPort"`
	Spare   bool   `json:"spare"`
}

// all lists the hosts of the lab.
func (l *lab) all() []host {
	l.t.Helper()
	var all []host
	if err := json.Unmarshal([]byte(l.mustLab(time.Minute, "ls", "-o", "json")), &all); err != nil {
		l.fatalf("%v", err)
	}
	return all
}

// hosts lists the hosts that are in the cluster from the start.
func (l *lab) hosts() []host {
	l.t.Helper()
	return slices.DeleteFunc(l.all(), func(h host) bool { return h.Spare })
}

// join adds a spare host to the inventory, as a user would in an editor.
func (l *lab) join(name string) {
	l.t.Helper()
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	for _, h := range l.all() {
		if h.Name == name {
			text = fmt.Appendf(text, "  - name: %s\n    address: %s\n    ssh: {address: 127.0.0.1, port: %d}\n"+
				"    roles: [worker]\n", h.Name, h.Address, h.SSHPort)
		}
	}
	if err := os.WriteFile(l.inventory, text, 0o644); err != nil {
		l.fatalf("%v", err)
	}
}

// netns is the network namespace in which the hosts' network is.
func (l *lab) netns() string {
	l.t.Helper()
	var state struct{ ID string }
	text, err := os.ReadFile(filepath.Join(l.dir, "lab.json"))
	if err == nil {
		err = json.Unmarshal(text, &state)
	}
	if err != nil {
		l.fatalf("%v", err)
	}
	return "kbl-" + state.ID
}

// ready waits until the API reports so many Ready nodes.
func (l *lab) ready(n int, limit time.Duration) {
	l.t.Helper()
	l.eventually(limit, fmt.Sprintf("%d Ready nodes", n), func(r result) bool {
		return r.code == 0 && strings.Count(r.stdout, "True") == n
	}, "cp1", "kubectl", "get", "nodes", "-o",
		`jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}`)
}

// edit replaces a text in the inventory.
func (l *lab) edit(old, replacement string) {
	l.t.Helper()
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	if !strings.Contains(string(text), old) {
		l.fatalf("%s does not contain %q:\n%s", l.inventory, old, text)
	}
	if err := os.WriteFile(l.inventory, []byte(strings.Replace(string(text), old, replacement, 1)), 0o644); err != nil {
		l.fatalf("%v", err)
	}
}

// image imports the test image into a host's containerd, for pods and for docker.
func (l *lab) image(host string) {
	l.t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		l.fatalf("%v", err)
	}
	tar := filepath.Join(cache, "kbootstrap/lab/mirror/docker.io/library/busybox/1.36.1.tar")
	for _, command := range [][]string{{"ctr", "-n", "k8s.io", "images", "import", "-"}, {"docker", "load"}} {
		f, err := os.Open(tar)
		if err != nil {
			l.fatalf("%v", err)
		}
		l.input(f, host, command...)
		f.Close()
	}
}

// fatalf ends the test.
func (l *lab) fatalf(format string, arguments ...any) {
	l.t.Helper()
	if l.failure == "" {
		l.failure = fmt.Sprintf(format, arguments...)
	}
	l.t.Fatalf(format, arguments...)
}

// report shows what a failed test left behind, and at the end once more why it failed: whoever sees
// the end of a long output alone must not miss it.
func (l *lab) report() {
	pods := l.runLab(time.Minute, "exec", "cp1", "--", "kubectl", "get", "pods,nodes", "-A", "-o", "wide")
	l.t.Logf("kubectl get pods,nodes:\n%s%s", pods.stdout, pods.stderr)
	for _, h := range []string{"cp1", "w1"} {
		for _, command := range [][]string{
			{"systemctl", "--failed", "--no-pager"},
			{"journalctl", "-p", "warning", "-n", "20", "--no-pager", "--grep",
				"^(?!Configuration file|new mount options)"},
			{"df", "-h", "/var/lib/kubelet"},
		} {
			r := l.runLab(time.Minute, "exec", append([]string{h, "--"}, command...)...)
			l.t.Logf("%s: %s\n%s%s", h, strings.Join(command, " "), r.stdout, r.stderr)
		}
	}
	if l.failure != "" {
		l.t.Logf("the failure was: %s", l.failure)
	}
}
