//go:build e2e

package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exits runs the program, which must end with the code, and returns what it printed.
func (l *lab) exits(code int, arguments ...string) result {
	l.t.Helper()
	r := l.run(5*time.Minute, arguments...)
	if r.code != code {
		l.fatalf("kbootstrap %s: exit %d, want %d\n%s%s", strings.Join(arguments, " "), r.code, code, r.stdout,
			r.stderr)
	}
	return r
}

// says checks that a text is in what was printed.
func (r result) says(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(r.stdout+r.stderr, part) {
			t.Errorf("%q is not in\n%s%s", part, r.stdout, r.stderr)
		}
	}
}

// TestPlan: a plan is saved, refused after a change, and carried out; then what changes of the
// cluster is compared, put back for one host, refused where it would harm, and done without a host
// that is gone.
func TestPlan(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := newLab(t, "plan", "--control-planes", "1", "--workers", "1")
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"a plan is saved", savedPlan},
		{"a plan is refused after a change", stalePlan},
		{"a plan is carried out", appliedPlan},
		{"drift", drift},
		{"networks are refused", networkRefused},
		{"a lost state directory is refused", stateRefused},
		{"one host is dead", deadHost},
		{"a host is gone", hostGone},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

const (
	sysctls       = "/etc/sysctl.d/zzz-kbootstrap.conf"
	kubeletConfig = "/var/lib/kubelet/config.yaml"
)

func (l *lab) plan() string { return filepath.Join(l.dir, "saved.plan") }

func savedPlan(t *testing.T, l *lab) {
	r := l.exits(3, "plan", "-i", l.inventory, "-o", l.plan(), "--detailed-exitcode")
	r.says(t, "kube-apiserver", "kbootstrap up "+l.plan())
	info, err := os.Stat(l.plan())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the plan: %v, %v", info, err)
	}
	text, err := os.ReadFile(l.plan())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "PRIVATE KEY") {
		t.Error("the plan has a private key")
	}
	l.exits(0, "plan", "--show", l.plan()).says(t, "plan: made 20", l.inventory, "w1 (")
}

func stalePlan(t *testing.T, l *lab) {
	l.exec("w1", "sh", "-c", "echo 'vm.swappiness = 10' >"+sysctls)
	r := l.exits(9, "up", l.plan())
	r.says(t, "error[KB6043]", "w1: base: file "+sysctls+": this resource has changed since the plan was made",
		"-| vm.swappiness = 10")
	if strings.Contains(r.stderr, "cp1: base: ") {
		t.Errorf("a host that was not changed is named:\n%s", r.stderr)
	}
	if out := l.exec("cp1", "sh", "-c", "ls /etc/kubernetes 2>/dev/null || true"); out != "" {
		t.Errorf("a refused plan has changed cp1: %s", out)
	}
	l.exec("w1", "rm", sysctls)
}

func appliedPlan(t *testing.T, l *lab) {
	begin := time.Now()
	l.exits(0, "up", l.plan())
	t.Logf("up of the plan took %.1f s", time.Since(begin).Seconds())
	l.exits(0, "up", l.plan()).says(t, "nothing to do: this plan has been applied")
	l.upAgain()
}

func drift(t *testing.T, l *lab) {
	l.exits(0, "drift", "-i", l.inventory).says(t, "no drift: 2 hosts are as wanted")
	l.exec("w1", "sh", "-c", "echo '# by hand' >>"+kubeletConfig)
	// The file is as it was, and the process is not what it was started as.
	dropIn := "/etc/systemd/system/kube-proxy.service.d/50-kbootstrap.conf"
	l.exec("w1", "sh", "-c", "sed -i.orig s/CONFIG=.*/CONFIG=other/ "+dropIn+
		" && systemctl daemon-reload && systemctl restart kube-proxy && mv "+
		dropIn+".orig "+dropIn+" && systemctl daemon-reload")
	r := l.exits(3, "drift", "-i", l.inventory, "-o", "json", "-q")
	var document struct {
		Result struct {
			Differs bool
			Hosts   []struct {
				Name    string
				Changes []struct {
					Resource string
					Restart  bool
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		t.Fatalf("%v\n%s", err, r.stdout)
	}
	found := map[string]bool{}
	for _, h := range document.Result.Hosts {
		for _, c := range h.Changes {
			found[h.Name+" "+c.Resource] = c.Restart
		}
	}
	// The kubelet has to be restarted, because there is no way to tell what it has read.
	want := map[string]bool{"w1 file " + kubeletConfig: false, "w1 service kubelet.service": true,
		"w1 service kube-proxy.service": true}
	if !maps.Equal(found, want) {
		t.Errorf("drift: %v, want %v\n%s", found, want, r.stdout)
	}
	l.exits(2, "up", "-i", l.inventory, "--limit", "w9").says(t, "no host named w9")
	l.exits(0, "up", "-i", l.inventory, "--limit", "w1", "--only", "kubelet")
	l.exits(3, "drift", "-i", l.inventory).says(t, "drift: 1 of 2 hosts differ", "service kube-proxy.service (restart)")
	l.exits(0, "up", "-i", l.inventory, "--limit", "w1")
	l.exits(0, "drift", "-i", l.inventory)
}

func networkRefused(t *testing.T, l *lab) {
	before := untouched(l, "w1") + untouched(l, "cp1")
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.inventory, append([]byte("network: {pods: 10.32.0.0/16, domain: k8s.example.org}\n"),
		text...), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"up", "plan"} {
		l.exits(9, verb, "-i", l.inventory).says(t, "[KB6018]",
			"network.pods is 10.244.0.0/16 in the running cluster (on cp1)",
			"network.domain is cluster.local in the running cluster")
	}
	if err := os.WriteFile(l.inventory, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if after := untouched(l, "w1") + untouched(l, "cp1"); after != before {
		t.Errorf("a refused run changed hosts: before\n%s\nafter\n%s", before, after)
	}
}

func stateRefused(t *testing.T, l *lab) {
	state := filepath.Join(l.dir, ".kbootstrap", "plan")
	if err := os.Rename(state, state+".away"); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"plan", "drift", "up"} {
		l.exits(9, verb, "-i", l.inventory).says(t, "[KB6012]", "the hosts hold the cluster plan")
		if _, err := os.Stat(filepath.Join(state, "pki")); !os.IsNotExist(err) {
			t.Errorf("%s made keys: %v", verb, err)
		}
	}
	l.exits(0, "status", "-i", l.inventory)
	if err := os.RemoveAll(state); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(state+".away", state); err != nil {
		t.Fatal(err)
	}
	l.upAgain()
}

func deadHost(t *testing.T, l *lab) {
	l.mustLab(time.Minute, "kill", "w1")
	l.exec("cp1", "sh", "-c", "echo '# by hand' >>"+sysctls)
	l.exits(6, "drift", "-i", l.inventory).says(t, "cp1 (", "file "+sysctls, "1 could not be compared", "w1: ")
	l.exits(4, "up", "-i", l.inventory).says(t, "w1: ")
	if out := l.exec("cp1", "cat", sysctls); !strings.Contains(out, "by hand") {
		t.Error("a run that lacks a host has changed another")
	}
	// Not the whole of it: the pods of CoreDNS may have been on the dead host, and names resolve
	// nowhere until they move.
	l.exits(6, "up", "-i", l.inventory, "--max-failures", "1", "--only", "base,kubelet").
		says(t, "1 of 2 hosts are finished", "finished  cp1", "failed    w1")
	if out := l.exec("cp1", "cat", sysctls); strings.Contains(out, "by hand") {
		t.Error("the host that could be reached was not put right")
	}
}

func hostGone(t *testing.T, l *lab) {
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.inventory, text[:strings.Index(string(text), "  - name: w1")], 0o644); err != nil {
		t.Fatal(err)
	}
	l.exits(9, "up", "-i", l.inventory).says(t, "error[KB6015]: w1: this host is a node of the cluster",
		"kubectl delete node w1")
	l.exits(9, "plan", "-i", l.inventory).says(t, "! [KB6015] w1: this host is a node of the cluster")
	l.kubectl("delete", "node", "w1")
	l.exits(0, "up", "-i", l.inventory, "--only", "base,kubelet,nodes").says(t, "nothing to do: ")
}
