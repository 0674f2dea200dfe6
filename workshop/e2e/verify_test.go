//go:build e2e && hosts

package e2e

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHostsVerify tries a cluster that is well and has all add-ons that the lab can run, stops and
// kills verifications in the middle, and then breaks the cluster in one way after the other: each
// time the check that is about it fails, and its cause is named.
func TestHostsVerify(t *testing.T) {
	l := newLab(t, "verify", "--control-planes", "1", "--workers", "2")
	l.edit("hosts:", "addons: {registry: {enabled: true, host: w1}, ingress: {enabled: true}, "+
		"logging: {enabled: true}, monitoring: {enabled: true}}\nhosts:")
	l.up()
	l.upAgain()
	l.exits(0, "addons", "-i", l.inventory, "--wait")
	for _, step := range []struct {
		name string
		do   func(*testing.T, *lab)
	}{
		{"all is well", verifyPasses},
		{"stopped and killed", verifyLeavesNothing},
		{"sabotages", verifyFindsSabotages},
		{"a host is off", verifyFindsHostOff},
		{"a node under pressure", verifyFindsPressure},
		{"all is well again", verifyPasses},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// verifyResult is what a program reads of a verification: docs/schema/document.json has the rest.
type verifyResult struct {
	OK         bool
	DurationMs int
	Checks     []verifyCheck
}

type verifyCheck struct {
	Name, Result, Text string
	DurationMs         int
	Failures           []struct{ Host, Text string }
	Causes             []struct{ Host, Text string }
	Evidence           []string
}

// failing are the names of the checks that fail.
func (v verifyResult) failing() []string {
	var names []string
	for _, c := range v.Checks {
		if c.Result != "pass" && c.Result != "skipped" {
			names = append(names, c.Name)
		}
	}
	return names
}

// verify is the result of a verification; its exit code is what the result says.
func (l *lab) verify(arguments ...string) verifyResult {
	l.t.Helper()
	r := l.run(6*time.Minute, append([]string{"verify", "-i", l.inventory, "-o", "json"}, arguments...)...)
	var document struct{ Result verifyResult }
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		l.fatalf("verify: exit %d: %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	v, want := document.Result, 0
	if !v.OK {
		want = 7
	}
	if len(v.Checks) == 0 || r.code != want {
		l.fatalf("verify: exit %d, want %d\n%s%s", r.code, want, r.stdout, r.stderr)
	}
	l.t.Logf("verify %s took %.1f s; failing: %q", strings.Join(arguments, " "), float64(v.DurationMs)/1e3, v.failing())
	return v
}

// isTidy checks that nothing of a verification is in the cluster.
func (l *lab) isTidy() {
	l.t.Helper()
	left := l.kubectl("get", "namespaces,nodes", "-l", "kbootstrap.io/verify", "-o", "name")
	taints := l.kubectl("get", "nodes", "-o", "jsonpath={.items[*].spec.taints[*].key}")
	if left != "" || strings.Contains(taints, "kbootstrap.io/verify") {
		l.t.Errorf("left are %q and the taints %q", left, taints)
	}
}

// becomesTidy waits until nothing of a verification is left in a cluster that was broken a moment
// ago: Kubernetes removes a namespace when every API answers, that of metrics-server too.
func (l *lab) becomesTidy() {
	l.t.Helper()
	isGone := func(r result) bool { return r.code == 0 && r.stdout == "" }
	l.eventually(2*time.Minute, "what verify made is removed", isGone, "cp1", "kubectl", "get", "namespaces", "-l",
		"kbootstrap.io/verify", "-o", "name")
	l.isTidy()
}

// verifyPasses makes every check, and the quick ones within their time.
func verifyPasses(t *testing.T, l *lab) {
	v := l.verify()
	for _, c := range v.Checks {
		t.Logf("%s: %s in %d ms: %s %v", c.Name, c.Result, c.DurationMs, c.Text, c.Failures)
		if c.Result != "pass" {
			t.Errorf("%s: %s: %s %+v\ncauses %+v\n%s", c.Name, c.Result, c.Text, c.Failures, c.Causes,
				strings.Join(c.Evidence, "\n"))
		}
	}
	quick := l.verify("--quick")
	if !quick.OK || quick.DurationMs > 30_000 {
		t.Errorf("the quick checks took %d ms; failing: %q", quick.DurationMs, quick.failing())
	}
	l.isTidy()
	l.upAgain()
}

// verifyLeavesNothing stops a verification, and kills another one: the first removes what it made,
// and the next one what the second has left.
func verifyLeavesNothing(t *testing.T, l *lab) {
	l.interrupted(syscall.SIGINT)
	l.isTidy()
	l.interrupted(syscall.SIGKILL)
	if left := l.kubectl("get", "namespaces", "-l", "kbootstrap.io/verify", "-o", "name"); left == "" {
		t.Error("a verification that was killed has left nothing: it was killed too late")
	}
	if v := l.verify("--only", "placement"); !v.OK {
		t.Errorf("failing: %q", v.failing())
	}
	l.eventually(time.Minute, "what was left is removed", func(r result) bool { return r.code == 0 && r.stdout == "" },
		"cp1", "kubectl", "get", "namespaces", "-l", "kbootstrap.io/verify", "-o", "name")
	l.isTidy()
	// Text and JUnit say the same as JSON.
	text := l.must(2*time.Minute, "verify", "-i", l.inventory, "--only", "nodes")
	says(t, text, "verify: 2 pass in ", "every host is a node that is ready and takes pods (3 nodes)")
	junit := l.must(2*time.Minute, "verify", "-i", l.inventory, "--only", "nodes", "-o", "junit", "-q")
	var read struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(junit), &read); err != nil || len(read.Suites) != 1 || read.Suites[0].Tests != 2 ||
		read.Suites[0].Failures != 0 {
		t.Errorf("%v, %+v in\n%s", err, read, junit)
	}
}

// interrupted runs a verification, and sends a signal when its namespace is there.
func (l *lab) interrupted(signal syscall.Signal) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, l.program, "verify", "-i", l.inventory)
	out := &strings.Builder{}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		l.fatalf("%v", err)
	}
	l.eventually(time.Minute, "pods of the verification run", contains("Running"), "cp1", "sh", "-c",
		"kubectl get pods -A -o wide | grep kbootstrap-verify-")
	if err := c.Process.Signal(signal); err != nil {
		l.fatalf("%v", err)
	}
	err := c.Wait()
	if code := c.ProcessState.ExitCode(); signal == syscall.SIGINT && code != 130 {
		l.t.Errorf("exit %d (%v), want 130\n%s", code, err, out)
	}
}

// below has the interface below the one of the network of pods in a variable of the shell.
const below = "below=$(ip -d link show flannel.1 | sed -n 's/.* dev \\([^ ]*\\) .*/\\1/p'); "

// sabotages are what is done to a host, how it is taken back, which check finds it, and what the
// check says that it is because of.
var sabotages = []struct {
	name, host, do, undo string
	check, cause         string
	only                 string // the check that is made; all quick ones without
}{
	{
		// Once is not enough: the plugin that connects pods sets it whenever one starts.
		name: "a host without ip_forward", host: "w1", check: "pods", cause: "net.ipv4.ip_forward is 0",
		do: "systemd-run --unit sabotage sh -c " +
			"'while :; do echo 0 >/proc/sys/net/ipv4/ip_forward; sleep 0.1; done'",
		undo: "systemctl stop sabotage; echo 1 >/proc/sys/net/ipv4/ip_forward",
	},
	{
		name: "VXLAN is blocked", host: "w1", check: "pods", cause: "--dport 8472 -j DROP",
		do:   "iptables -I INPUT -p udp --dport 8472 -j DROP",
		undo: "iptables -D INPUT -p udp --dport 8472 -j DROP",
	},
	{
		name: "kube-proxy is stopped", host: "w1", check: "services", cause: "kube-proxy.service does not run",
		do: "systemctl stop kube-proxy", undo: "systemctl start kube-proxy",
	},
	{
		name: "CoreDNS is scaled to 0", host: "cp1", check: "dns", cause: "no replica of the cluster DNS is ready",
		do: "kubectl -n kube-system scale deployment coredns --replicas=0",
		undo: "kubectl -n kube-system scale deployment coredns --replicas=2 && " +
			"kubectl -n kube-system rollout status deployment coredns --timeout=60s",
	},
	{
		// The packets that are too large vanish on the way, as where a network has a smaller MTU.
		name: "a wrong MTU", host: "w1", check: "pods", cause: "packets of pods are too large: flannel.1 has MTU 1450",
		do: below + "ip link set $below mtu 1400 && nft add table inet sabotage && " +
			"nft add chain inet sabotage in '{ type filter hook input priority 0; }' && " +
			"nft add rule inet sabotage in udp dport 8472 meta length '>' 1400 drop",
		undo: below + "nft delete table inet sabotage; ip link set $below mtu 1500",
	},
	{
		name: "a route is deleted", host: "w1", check: "pods", cause: "the host has no route to the pods of ",
		do:   "ip route show dev flannel.1 | head -1 >/run/route && ip route del $(cat /run/route)",
		undo: "ip route add $(cat /run/route) dev flannel.1",
	},
	{
		name: "the scheduler is stopped", host: "cp1", check: "schedule", cause: "kube-scheduler.service does not run",
		do: "systemctl stop kube-scheduler", undo: "systemctl start kube-scheduler",
	},
	{
		name: "kube-router is stopped without its rules", host: "w1", only: "policy", check: "policy",
		cause: "kube-router.service does not run",
		do: "systemctl stop kube-router && " +
			"iptables -S | grep -e '-j KUBE-ROUTER' | sed s/^-A/-D/ | xargs -L1 iptables",
		undo: "systemctl start kube-router",
	},
	{
		name: "the addresses of Services are dropped", host: "w1", check: "services", cause: "-d 10.96.0.0/12 -j DROP",
		do: "iptables -t raw -I OUTPUT -d 10.96.0.0/12 -j DROP && " +
			"iptables -t raw -I PREROUTING -d 10.96.0.0/12 -j DROP",
		undo: "iptables -t raw -D OUTPUT -d 10.96.0.0/12 -j DROP; " +
			"iptables -t raw -D PREROUTING -d 10.96.0.0/12 -j DROP",
	},
	{
		name: "a node is cordoned", host: "cp1", check: "schedule", cause: "the node is cordoned",
		do: "kubectl cordon w2", undo: "kubectl uncordon w2",
	},
}

// verifyFindsSabotages makes each, and takes it back.
func verifyFindsSabotages(t *testing.T, l *lab) {
	for _, s := range sabotages {
		t.Run(s.name, func(t *testing.T) {
			l.t = t
			l.exec(s.host, "sh", "-c", s.do)
			undo := func() { l.exec(s.host, "sh", "-c", s.undo) }
			defer func() { undo() }()
			arguments := []string{"--quick"}
			if s.only != "" {
				arguments = []string{"--only", s.only}
			}
			l.finds(l.verify(arguments...), s.check, s.cause)
			undo()
			undo = func() {}
			l.becomesTidy()
		})
	}
	l.t = t
}

// finds checks that a check fails, with a cause and evidence.
func (l *lab) finds(v verifyResult, check, cause string) {
	l.t.Helper()
	i := slices.IndexFunc(v.Checks, func(c verifyCheck) bool { return c.Name == check })
	if i < 0 || v.Checks[i].Result != "fail" {
		l.t.Errorf("%s does not fail; failing: %q", check, v.failing())
		return
	}
	c := v.Checks[i]
	named := false
	for _, found := range c.Causes {
		named = named || strings.Contains(found.Text, cause)
	}
	l.t.Logf("%s: %+v, because of %+v", check, c.Failures[:min(len(c.Failures), 2)], c.Causes)
	if !named || len(c.Evidence) == 0 {
		l.t.Errorf("%s: no cause %q in %+v\nfailures %+v\n%s", check, cause, c.Causes, c.Failures,
			strings.Join(c.Evidence, "\n"))
	}
}

// verifyFindsHostOff tries a cluster that lacks a host: the others are tried, and nothing is left,
// though no kubelet ends the pods there.
func verifyFindsHostOff(_ *testing.T, l *lab) {
	l.mustLab(time.Minute, "kill", "w2")
	l.becomes(3*time.Minute, 7, "2 of 3 Ready", "w2: the node is not ready: ")
	v := l.verify("--only", "nodes,pods,placement")
	l.finds(v, "nodes", "the host is off, or away")
	if failing := v.failing(); !slices.Equal(failing, []string{"nodes"}) {
		l.t.Errorf("failing: %q", failing)
	}
	l.mustLab(2*time.Minute, "start", "w2")
	l.ready(3, 3*time.Minute)
	l.becomesTidy()
	l.heals()
}

// verifyFindsPressure has a kubelet take its disk for full.
func verifyFindsPressure(_ *testing.T, l *lab) {
	l.exec("w1", "sh", "-c", "sed -i 's/nodefs.available<500Mi/nodefs.available<99%%/' "+
		"/etc/systemd/system/kubelet.service && systemctl daemon-reload && systemctl restart kubelet")
	l.becomes(3*time.Minute, 7, "w1: the node takes no pods: DiskPressure is True")
	v := l.verify("--quick")
	l.finds(v, "nodes", "DiskPressure")
	l.finds(v, "schedule", "DiskPressure")
	l.becomesTidy()
	l.up() // puts the unit back
	l.becomes(8*time.Minute, 0)
}
