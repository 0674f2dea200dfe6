//go:build e2e && hosts

package e2e

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestHostsUnits makes a cluster whose API server listens at a port of root's and writes its audit
// log elsewhere: its services are shut in, as their processes and systemd tell, the cluster works,
// and does after a boot.
func TestHostsUnits(t *testing.T) {
	l := newLab(t, "units", "--control-planes", "2", "--workers", "1")
	l.edit("kubernetes: ", "network: {apiPort: 443}\nkubernetes: ")
	l.edit("arguments:\n", "arguments:\n  kube-apiserver: {audit-log-path: /srv/audit/log}\n")
	l.edit("port: 2200}\n    roles: [etcd, ", "port: 2200}\n    roles: [") // an even number of members is refused
	l.up()
	l.upAgain()
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"services are shut in", shutIn},
		{"HAProxy has given root up", proxyIsNobody},
		{"the audit log is elsewhere", auditElsewhere},
		{"docker runs", dockerRuns},
		{"NodePort from every host", nodePort},
		{"DNS and pods across hosts", podNetwork},
		{"logs", podLogs},
		{"every host reboots", rebootUnits},
		{"services are shut in after a boot", shutIn},
		{"reset", resetUnits},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// mostExposed is what systemd-analyze of systemd 252 may say of a service in a sandbox; 10 is a
// service that may do everything.
const mostExposed = 2.5

// exposure is what systemd-analyze says of a service; 0 when it says nothing.
func exposure(out string) float64 {
	found := regexp.MustCompile(`exposure level for \S+: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		return 0
	}
	level, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return 0
	}
	return level
}

// evidence are facts of the process of a unit, one a line: what it may do, as the kernel has it,
// and what is there in its file system. A shell with all rights looks from where the process is.
const evidence = `set -eu; u=$1; pid=$(systemctl show -p MainPID --value $u); [ "$pid" != 0 ]
grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/$pid/status
grep 'Max core file size' /proc/$pid/limits
systemd-analyze security --no-pager $u | tail -n 1
nsenter --target=$pid --mount -- sh -c '
for door in /run/docker.sock /run/containerd /run/dbus /run/systemd/private /root/.kube /var/lib/kubelet/config.yaml \
	/var/lib/kbootstrap/cluster; do
	[ ! -e $door ] || echo "sees $door"
done
for file in /etc/x /usr/x /opt/kbootstrap/x /run/x /proc/sys/kernel/panic /var/lib/x; do
	! sh -c "cat /proc/sys/kernel/panic >$file" 2>/dev/null || echo "writes $file"
done'`

// shutIn looks at all services of ours on all hosts, but those whose mounts are for pods.
func shutIn(t *testing.T, l *lab) {
	open := regexp.MustCompile(`^(kubelet|containerd|docker|cri-dockerd)\.service$`)
	noCore := regexp.MustCompile(`core file size +0 +0 `)
	for _, h := range l.hosts() {
		units := l.exec(h.Name, "sh", "-c",
			"cd /etc/systemd/system; ls -d *.service.d/50-kbootstrap.conf | sed 's/[.]d.*//'")
		count := 0
		for unit := range strings.FieldsSeq(units) {
			if open.MatchString(unit) {
				core := l.exec(h.Name, "sh", "-c",
					"grep 'Max core' /proc/$(systemctl show -p MainPID --value "+unit+")/limits")
				if fields := strings.Fields(core); fields[4] != "0" {
					t.Errorf("%s: %s: %s", h.Name, unit, core)
				}
				continue
			}
			count++
			out := l.exec(h.Name, "sh", "-c", evidence, "sh", unit)
			says(t, out, "NoNewPrivs:\t1", "Seccomp:\t2")
			if strings.Contains(out, "sees ") || strings.Contains(out, "writes ") || !noCore.MatchString(out) ||
				strings.Contains(out, "CapBnd:\t000001ff") {
				t.Errorf("%s: %s:\n%s", h.Name, unit, out)
			}
			level := exposure(out)
			if level <= 0 || level > mostExposed {
				t.Errorf("%s: %s: exposure %.1f, at most %.1f:\n%s", h.Name, unit, level, mostExposed, out)
			}
			t.Logf("%s: %s: %.1f", h.Name, unit, level)
		}
		if count < 3 {
			t.Errorf("%s: only %d of these services are shut in: %s", h.Name, count, units)
		}
	}
}

func proxyIsNobody(t *testing.T, l *lab) {
	for _, h := range l.hosts() {
		out := l.exec(h.Name, "sh", "-c", `pid=$(systemctl show -p MainPID --value kube-api-proxy)
grep -E '^(Uid|CapEff):' /proc/$pid/status; readlink /proc/$pid/root; id -u haproxy; ls -A /var/lib/kube-api-proxy`)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(lines) != 4 || !strings.HasPrefix(lines[0], "Uid:\t"+lines[3]+"\t"+lines[3]) || lines[3] == "0" ||
			!strings.HasSuffix(lines[1], "\t0000000000000000") || lines[2] != "/var/lib/kube-api-proxy" {
			t.Errorf("%s: %q", h.Name, lines)
		}
	}
	l.eventually(30*time.Second, "the API through the proxy", contains("okokokok"), "w1", "sh", "-c",
		"for i in 1 2 3 4; do curl -sS --max-time 5 --cacert /etc/kubernetes/pki/ca.crt "+
			"https://127.0.0.1:7443/readyz; done")
}

func auditElsewhere(t *testing.T, l *lab) {
	says(t, l.exec("cp1", "head", "-c", "300", "/srv/audit/log"), "auditID")
}

func podLogs(_ *testing.T, l *lab) {
	l.kubectl("run", "talks", "--image=docker.io/library/busybox:1.36.1", "--restart=Never", "--", "echo", "said this")
	l.eventually(time.Minute, "the log of a pod", contains("said this"), "cp1", "kubectl", "logs", "talks")
}

func rebootUnits(t *testing.T, l *lab) {
	for _, h := range l.hosts() {
		l.mustLab(2*time.Minute, "stop", h.Name)
	}
	for _, h := range l.hosts() {
		l.mustLab(2*time.Minute, "start", h.Name)
	}
	l.ready(3, 4*time.Minute)
	fetch(l, 30080)
	podNetwork(t, l)
	l.settles()
	l.up()
	l.upAgain()
}

func resetUnits(t *testing.T, l *lab) {
	l.must(5*time.Minute, "reset", "-i", l.inventory, "--confirm", "units")
	for _, h := range l.hosts() {
		left := l.runLab(time.Minute, "exec", h.Name, "--", "ls", "-d", "/var/lib/kube-api-proxy",
			"/etc/systemd/system/etcd.service")
		if left.stdout != "" {
			t.Errorf("%s: left is %s", h.Name, left.stdout)
		}
	}
}
