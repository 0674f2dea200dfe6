//go:build e2e

// Package e2e proves the tool on real hosts: systemd as PID 1, sshd, firewalld, etcd, docker and
// Kubernetes, in the lab. Every step is a command that a user could type. Start at TestCluster.
package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// web is a page on every worker, behind a Service, and a pod to ask from.
const web = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: docker.io/library/busybox:1.36.1
        command: [sh, -c, 'mkdir /www; echo "page of $NODE" >/www/index.html; trap "exit 0" TERM; httpd -f -p 8080 -h /www & wait']
        env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
`

// TestCluster lives through the life of a cluster of one control plane and two workers, in this
// order.
func TestCluster(t *testing.T) {
	l := newLab(t, "cluster", "--control-planes", "1", "--workers", "2", "--spare", "1")
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"plan changes nothing", planChangesNothing},
		{"up", up},
		{"second up", func(_ *testing.T, l *lab) { l.upAgain() }},
		{"status", healthy},
		{"docker runs", dockerRuns},
		{"NodePort from every host", nodePort},
		{"DNS and pods across hosts", podNetwork},
		{"policies of the network", policies},
		{"nodePort range", nodePortRange},
		{"every host reboots", reboot},
		{"a clone does not join", clone},
		{"add-node", addNode},
		{"the component of the page for contributors", contributed},
		{"reset one host", resetOne},
		{"reset", reset},
		{"killed in mid-run", killed},
		{"works again", works},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

func up(t *testing.T, l *lab) {
	l.up()
	says(t, l.exec("w1", "ctr", "-n", "k8s.io", "images", "ls"), "io.cri-containerd.pinned=pinned")
}

func planChangesNothing(t *testing.T, l *lab) {
	before := l.exec("w1", "find", "/etc", "/opt", "/var/lib", "-newer", "/etc/hostname", "-type", "f", "-not", "-path",
		"/opt/kbootstrap/agent/*", "-not", "-path", "/var/lib/systemd/*")
	if r := l.run(time.Minute, "plan", "-i", l.inventory, "--detailed-exitcode"); r.code != 3 {
		t.Fatalf("plan of bare hosts: exit %d, want 3\n%s%s", r.code, r.stdout, r.stderr)
	}
	after := l.exec("w1", "find", "/etc", "/opt", "/var/lib", "-newer", "/etc/hostname", "-type", "f", "-not", "-path",
		"/opt/kbootstrap/agent/*", "-not", "-path", "/var/lib/systemd/*")
	if before != after {
		t.Errorf("plan changed files: before\n%s\nafter\n%s", before, after)
	}
}

func healthy(t *testing.T, l *lab) {
	var document struct {
		Result struct {
			Healthy bool
			Hosts   []struct{ Name string }
		}
	}
	out := l.must(time.Minute, "status", "-i", l.inventory, "-o", "json")
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	if status := document.Result; !status.Healthy || len(status.Hosts) != 3 {
		t.Errorf("status: %s", out)
	}
	for _, h := range l.hosts() {
		active := l.runLab(time.Minute, "exec", h.Name, "--", "systemctl", "is-active", "firewalld")
		if active.stdout != "inactive\n" {
			t.Errorf("%s: firewalld is %q", h.Name, active.stdout)
		}
	}
	if out := l.kubectl("get", "nodes", "-o", "wide"); strings.Contains(out, "10.0.2.15") {
		t.Errorf("a node took the address of the NAT interface:\n%s", out)
	}
}

func dockerRuns(t *testing.T, l *lab) {
	for _, h := range l.hosts() {
		l.image(h.Name)
		out := l.exec(h.Name, "docker", "run", "--rm", "busybox:1.36.1", "echo", "hello from "+h.Name)
		if !strings.Contains(out, "hello from "+h.Name) {
			t.Errorf("%s: docker run printed %q", h.Name, out)
		}
	}
}

// nodePort fetches the page from every host through every host's port.
func nodePort(t *testing.T, l *lab) {
	l.apply(web)
	l.kubectl("rollout", "status", "daemonset/web", "--timeout=120s")
	fetch(l, 30080)
}

func fetch(l *lab, port int) {
	l.t.Helper()
	for _, from := range l.hosts() {
		for _, to := range l.hosts() {
			l.eventually(2*time.Minute, "the page", contains("page of"),
				from.Name, "curl", "-sS", "--max-time", "5", fmt.Sprintf("http://%s:%d/", to.Address, port))
		}
	}
}

// podNetwork resolves the Service's name in a pod of each host, and asks there for the page at the
// Service's address and at each pod's.
func podNetwork(t *testing.T, l *lab) {
	pods := strings.Fields(l.kubectl("get", "pods", "-l", "app=web", "-o",
		`jsonpath={range .items[*]}{.metadata.name}{" "}{end}`))
	addresses := strings.Fields(l.kubectl("get", "pods", "-l", "app=web", "-o",
		`jsonpath={range .items[*]}{.status.podIP}{" "}{end}`))
	if len(pods) != 3 || len(addresses) != 3 {
		t.Fatalf("pods %v with addresses %v, want three", pods, addresses)
	}
	service := l.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
	for _, pod := range pods {
		l.eventually(30*time.Second, "the Service's name", contains(service),
			"cp1", "kubectl", "exec", pod, "--", "nslookup", "web.default.svc.cluster.local")
		l.eventually(30*time.Second, "the Service", contains("page of"),
			"cp1", "kubectl", "exec", pod, "--", "timeout", "5", "wget", "-qO-", "http://"+service+":80/")
		for _, address := range addresses {
			l.eventually(30*time.Second, "a pod by its address", contains("page of"),
				"cp1", "kubectl", "exec", pod, "--", "timeout", "5", "wget", "-qO-", "http://"+address+":8080/")
		}
	}
}

// webPolicy is a NetworkPolicy for the pods of web.
const webPolicy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: `

// policies closes the pods to all, and opens them to each other.
func policies(_ *testing.T, l *lab) {
	l.apply(webPolicy + "[]")
	from, to := l.podOn("w1", "metadata.name"), l.podOn("w2", "status.podIP")
	ask := []string{"kubectl", "exec", from, "--", "timeout", "2", "wget", "-qO-", "http://" + to + ":8080/"}
	l.eventually(30*time.Second, "what no policy allows is refused", func(r result) bool {
		return r.code != 0 && strings.Contains(r.stderr, "command terminated with exit code")
	}, "cp1", ask...)
	l.apply(webPolicy + "[{from: [{podSelector: {matchLabels: {app: web}}}]}]")
	l.eventually(30*time.Second, "what a policy allows passes", contains("page of"), "cp1", ask...)
	l.kubectl("delete", "networkpolicy", "web")
}

// podOn is a field of the pod of web on a host.
func (l *lab) podOn(host, field string) string {
	l.t.Helper()
	return l.kubectl("get", "pods", "-l", "app=web", "--field-selector", "spec.nodeName="+host, "-o",
		"jsonpath={.items[0]."+field+"}")
}

// withoutBackslash is lines of a command that goes on, without what says so.
func withoutBackslash(lines []string) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = strings.TrimSpace(strings.TrimSuffix(line, "\\"))
	}
	return all
}

func nodePortRange(t *testing.T, l *lab) {
	l.edit("kubernetes: ", "network: {nodePorts: 30000-33333}\nkubernetes: ")
	plan := l.run(time.Minute, "plan", "-i", l.inventory, "--detailed-exitcode")
	if plan.code != 3 {
		t.Fatalf("plan: exit %d\n%s%s", plan.code, plan.stdout, plan.stderr)
	}
	var flags, changes []string
	for line := range strings.Lines(plan.stdout) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "~ "), strings.HasPrefix(line, "+ file"), strings.HasPrefix(line, "+ service"):
			changes = append(changes, line)
		case strings.Contains(line, "--") && (line[0] == '+' || line[0] == '-'):
			flags = append(flags, line)
		}
	}
	// The API server gives the ports out, and kube-router on each of three hosts lets them in.
	want := []string{"-|   --service-node-port-range=30000-32767", "+|   --service-node-port-range=30000-33333"}
	if got := slices.Compact(slices.Sorted(slices.Values(withoutBackslash(flags)))); len(flags) != 2*4 ||
		!slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the plan shows these flags: %q\n%s", flags, plan.stdout)
	}
	if len(changes) != 2*4 || changes[1] != "~ service kube-apiserver.service (restart)" ||
		changes[3] != "~ service kube-router.service (restart)" {
		t.Errorf("the plan shows these changes: %q", changes)
	}
	kubelet := l.exec("cp1", "systemctl", "show", "-p", "MainPID", "kubelet")
	l.up()
	if now := l.exec("cp1", "systemctl", "show", "-p", "MainPID", "kubelet"); now != kubelet {
		t.Errorf("the kubelet was restarted: %s, then %s", kubelet, now)
	}
	l.kubectl("patch", "service", "web", "--type=json",
		`-p=[{"op":"replace","path":"/spec/ports/0/nodePort","value":33001}]`)
	fetch(l, 33001)
	l.upAgain()
}

// reboot powers every host off and on; the cluster must come back by itself.
func reboot(t *testing.T, l *lab) {
	for _, h := range l.hosts() {
		l.mustLab(2*time.Minute, "stop", h.Name)
	}
	begin := time.Now()
	for _, h := range l.hosts() {
		l.mustLab(2*time.Minute, "start", h.Name)
	}
	l.ready(3, 4*time.Minute)
	fetch(l, 33001)
	t.Logf("the page was served again %.1f s after the hosts were powered on", time.Since(begin).Seconds())
	podNetwork(t, l)
	l.settles() // pods that the API still calls ready, from before, become so once more
}

// untouched is what shows a change of a host: its processes, and the times of its files.
func untouched(l *lab, host string) string {
	return l.exec(host, "systemctl", "show", "-p", "Id,MainPID", "containerd", "kubelet",
		"kube-proxy", "flanneld", "docker") +
		l.exec(host, "find", "/etc/kubernetes", "/etc/systemd/system", "/etc/containerd",
			"/var/lib/kubelet/config.yaml", "-type", "f", "-printf", `%p %T@\n`)
}

func addNode(t *testing.T, l *lab) {
	before := untouched(l, "w1") + untouched(l, "cp1")
	begin := time.Now()
	l.must(3*time.Minute, "add-node", "s1", "-i", l.inventory)
	t.Logf("add-node took %.1f s", time.Since(begin).Seconds())
	l.ready(4, time.Minute)
	if after := untouched(l, "w1") + untouched(l, "cp1"); after != before {
		t.Errorf("add-node changed other hosts: before\n%s\nafter\n%s", before, after)
	}
	l.upAgain()
}

func resetOne(t *testing.T, l *lab) {
	if r := l.run(time.Minute, "reset", "-i", l.inventory, "--host", "s1"); r.code != 2 {
		t.Errorf("reset without a confirmation: exit %d, want 2\n%s", r.code, r.stderr)
	}
	l.must(2*time.Minute, "reset", "-i", l.inventory, "--host", "s1", "--confirm", "cluster")
	if out := l.kubectl("get", "nodes"); strings.Contains(out, "s1") {
		t.Errorf("the node of the host that was reset is still there:\n%s", out)
	}
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.inventory, text[:strings.Index(string(text), "  - name: s1")], 0o644); err != nil {
		t.Fatal(err)
	}
	l.ready(3, time.Minute)
}

func reset(t *testing.T, l *lab) {
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "cluster")
	for _, h := range l.hosts() {
		rules := l.exec(h.Name, "iptables-save")
		for _, prefix := range []string{"KUBE-", "FLANNEL-", "CNI-"} {
			if strings.Contains(rules, prefix) {
				t.Errorf("%s: chains of %s are left:\n%s", h.Name, prefix, rules)
			}
		}
		links := l.exec(h.Name, "ip", "-brief", "link")
		for _, name := range []string{"cni0", "flannel.1", "veth"} {
			if strings.Contains(links, name) {
				t.Errorf("%s: %s is left:\n%s", h.Name, name, links)
			}
		}
		left := l.exec(h.Name, "sh", "-c", "find /opt /etc /usr/local /var/lib/kbootstrap /var/lib/etcd "+
			"/var/lib/kubelet -type f 2>/dev/null | grep -E 'kube|etcd|flannel|kbootstrap' || true")
		if left != "" {
			t.Errorf("%s: files are left:\n%s", h.Name, left)
		}
		out := l.exec(h.Name, "sh", "-c", "pgrep -a 'kube|etcd|flannel|containerd|dockerd' || true")
		if strings.TrimSpace(out) != "" {
			t.Errorf("%s: processes are left:\n%s", h.Name, out)
		}
	}
}

// killed ends the tool with SIGKILL in the middle, three times, each further in, and then lets it
// run. What it is killed at is always to come: each of these is made after the one before it.
func killed(t *testing.T, l *lab) {
	for _, at := range []string{"cp1: base", "cp1: etcd", "cp1: kube-apiserver"} {
		kill(t, l, at)
	}
	l.up()
	l.upAgain()
}

// kill starts up and kills it when its progress mentions a component.
func kill(t *testing.T, l *lab, at string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, l.program, "up", "-i", l.inventory)
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	seen := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), at) && !seen {
			seen = true
			if err := c.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Wait(); err == nil && !seen {
		t.Fatalf("up ended before it said %q", at)
	}
}

func works(t *testing.T, l *lab) {
	healthy(t, l)
	for _, h := range l.hosts() {
		l.image(h.Name)
	}
	l.apply(web)
	l.kubectl("rollout", "status", "daemonset/web", "--timeout=120s")
	fetch(l, 30080)
	podNetwork(t, l)
}
