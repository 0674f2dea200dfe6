//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Where an upgrade begins and ends; `make artifacts` builds both.
const upgradeFrom, upgradeTo = "v1.35.4", "v1.36.3"

// guarded is a Deployment of two pods on two nodes, of which a budget keeps one.
const guarded = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: guarded}
spec:
  replicas: 2
  selector: {matchLabels: {app: guarded}}
  template:
    metadata: {labels: {app: guarded}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: pause, image: "registry.k8s.io/pause:3.10.1", imagePullPolicy: IfNotPresent}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: guarded}
spec: {minAvailable: MIN, selector: {matchLabels: {app: guarded}}}
`

// TestUpgrade brings a cluster to the next minor version: what would fail is refused, a run whose
// canary does not become healthy changes nothing for good, and one that is killed is finished.
func TestUpgrade(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := newLab(t, "e2e-upgrade", "--control-planes", "1", "--workers", "1", "--kubernetes", upgradeFrom)
	l.up()
	upgrade := []string{"upgrade", "-i", l.inventory, "--confirm", "e2e-upgrade", "--accept-downtime"}
	l.apply(strings.ReplaceAll(guarded, "MIN", "2"))
	l.kubectl("rollout", "status", "deployment/guarded", "--timeout=2m")
	settled := func() { // its budget allows nothing before
		l.kubectl("-n", "kube-system", "rollout", "status", "deployment/metrics-server", "--timeout=3m")
	}
	settled()
	l.edit("kubernetes: "+upgradeFrom, "kubernetes: "+upgradeTo)

	l.mustRefuse(9, []string{"up"}, "KB6020", "cp1: this host runs Kubernetes "+upgradeFrom, "kbootstrap upgrade")
	l.mustRefuse(9, []string{"upgrade --confirm e2e-upgrade"}, "KB6062", "KB6063",
		"PodDisruptionBudget default/guarded allows no pod to go: 2 pods are healthy, and 2 must be",
		"cp1: this is the only control plane")
	l.versions(upgradeFrom, upgradeFrom)
	l.apply(strings.ReplaceAll(guarded, "MIN", "1"))
	l.eventually(time.Minute, "the budget lets a pod go", contains("1"), "cp1", "kubectl", "get",
		"poddisruptionbudget", "guarded", "-o", "jsonpath={.status.disruptionsAllowed}")

	// The kubelet of the canary does not start with this, and goes back.
	l.edit("  kubelet: {", "  kubelet: {system-reserved: memory=many, ")
	r := l.run(8*time.Minute, upgrade...)
	if r.code != 7 || !strings.Contains(r.stderr, "cp1: kubelet") {
		l.fatalf("an upgrade whose kubelet does not start: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.versions(upgradeFrom, upgradeFrom)
	if told := l.run(time.Minute, "status", "-i", l.inventory); !strings.Contains(told.stdout, "is half done") {
		t.Errorf("status does not tell of the upgrade:\n%s", told.stdout)
	}
	l.edit("system-reserved: memory=many, ", "")
	l.hasSnapshots("before-" + upgradeTo + ".1.db")

	settled()
	l.endsSoon("cp1", "kubelet.service")
	r = l.run(8*time.Minute, upgrade...)
	if r.code != 7 || !strings.Contains(r.stderr, "kubelet.service has ended within the 6s") {
		l.fatalf("an upgrade whose kubelet ends soon: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.versions(upgradeFrom, upgradeFrom)

	settled()
	l.killed("w1: drain: ", upgrade...)
	if told := l.run(time.Minute, "status", "-i", l.inventory); !strings.Contains(told.stdout, "is half done") ||
		!strings.Contains(told.stdout, "w1: the node was emptied for an upgrade") {
		t.Errorf("status does not tell of the upgrade that was killed:\n%s", told.stdout)
	}
	l.mustRefuse(9, []string{"up"}, "KB6020", "w1: this host runs a kubelet of Kubernetes "+upgradeFrom)
	l.must(8*time.Minute, upgrade...)
	l.versions(upgradeTo, upgradeTo)
	l.upAgain()
	if told := l.must(2*time.Minute, upgrade...); strings.Contains(told, "->") {
		t.Errorf("a second upgrade has something to do:\n%s", told)
	}
	l.hasSnapshots("before-" + upgradeTo + ".1.db") // of this hour: no run took another
	l.heals()
}

// endsSoon has the next process of a unit end once, a second after it answers for the first time.
func (l *lab) endsSoon(host, unit string) {
	l.t.Helper()
	l.exec(host, "systemd-run", "--quiet", "--collect", "sh", "-c", `
		process() { systemctl show -p MainPID --value `+unit+`; }
		before=$(process)
		until now=$(process); [ "$now" != 0 ] && [ "$now" != "$before" ] && curl -sf http://127.0.0.1:10248/healthz
		do sleep 0.2; done
		sleep 1
		kill -9 "$now"`)
}

// hasSnapshots checks which snapshots the first control plane keeps, where only root sees them.
func (l *lab) hasSnapshots(want ...string) {
	l.t.Helper()
	const dir = "/var/lib/kbootstrap/snapshots"
	if got := strings.Fields(l.exec("cp1", "ls", dir)); strings.Join(got, " ") != strings.Join(want, " ") {
		l.t.Errorf("the snapshots are %q, want %q", got, want)
	}
	if got := strings.TrimSpace(l.exec("cp1", "stat", "-c", "%a %U", dir)); got != "700 root" {
		l.t.Errorf("%s is %s", dir, got)
	}
}

// killed runs the program and kills it when its output has this text.
func (l *lab) killed(at string, arguments ...string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, l.program, arguments...)
	out, err := command.StderrPipe()
	if err != nil {
		l.fatalf("%v", err)
	}
	if err := command.Start(); err != nil {
		l.fatalf("%v", err)
	}
	var told strings.Builder
	seen := false
	for lines := bufio.NewScanner(out); !seen && lines.Scan(); {
		told.WriteString(lines.Text() + "\n")
		seen = strings.Contains(lines.Text(), at)
	}
	_ = command.Process.Kill()
	_ = command.Wait()
	if !seen {
		l.fatalf("%q was not told:\n%s", at, told.String())
	}
}

// versions checks which versions the kubelets of the nodes have told, and that all take pods.
func (l *lab) versions(want ...string) {
	l.t.Helper()
	told := l.kubectl("get", "nodes", "-o",
		`jsonpath={range .items[*]}{.status.nodeInfo.kubeletVersion} {.spec.unschedulable}{"\n"}{end}`)
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(told), "\n") {
		got = append(got, strings.TrimSpace(line))
	}
	if strings.Join(got, ",") != strings.Join(want, ",") {
		l.t.Errorf("the nodes are %q, want %q", got, want)
	}
}
