//go:build e2e && vm

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestVMOwnKernel makes a whole cluster of two hosts on cgroup v2: on the kernel that the lab
// builds, docker and kube-proxy run too.
func TestVMOwnKernel(t *testing.T) {
	m := newMachine(t, "own", "--kernel", "own", "--workers", "1")
	m.flags = []string{"--ignore-preflight", "NumCPU"}
	for _, step := range []struct {
		name string
		do   func(t *testing.T, m *machine)
	}{
		{"cgroup v2", ownCgroups},
		{"preflight", func(_ *testing.T, m *machine) {
			m.must(2*time.Minute, "preflight", "-i", m.inventory, "--ignore-preflight", "NumCPU")
		}},
		{"up", ownUp},
		{"kubelet and docker share systemd's cgroups", ownDriver},
		{"docker runs", func(t *testing.T, m *machine) { dockerRuns(t, m.lab) }},
		{"Services answer", func(_ *testing.T, m *machine) { m.apply(web); m.serves() }},
		{"verify", func(_ *testing.T, m *machine) {
			m.must(5*time.Minute, "verify", "-i", m.inventory, "--only", "dns,pods,services,nodeports")
		}},
		{"second up", func(_ *testing.T, m *machine) { m.upAgain() }},
		{"reboot", ownReboot},
	} {
		if !t.Run(step.name, func(t *testing.T) { m.t = t; step.do(t, m) }) {
			break
		}
	}
	m.t = t
}

// ownCgroups looks at what the host is: cgroup v2 alone, with what a kubelet asks for, on the
// kernel of the lab's own.
func ownCgroups(t *testing.T, m *machine) {
	if got := strings.TrimSpace(m.exec("cp1", "stat", "-fc", "%T", "/sys/fs/cgroup")); got != "cgroup2fs" {
		t.Errorf("/sys/fs/cgroup is %s", got)
	}
	got := strings.Fields(m.exec("cp1", "cat", "/sys/fs/cgroup/cgroup.controllers"))
	for _, c := range []string{"cpu", "cpuset", "io", "memory", "pids"} {
		if !slices.Contains(got, c) {
			t.Errorf("no controller %s: %q", c, got)
		}
	}
	if release := strings.TrimSpace(m.exec("cp1", "uname", "-r")); !strings.HasSuffix(release, "-kblab") {
		t.Errorf("the kernel is %s", release)
	}
}

func ownUp(t *testing.T, m *machine) {
	begin := time.Now()
	if r := m.comesUp(); r.code != 0 {
		m.fatalf("up: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	t.Logf("up took %.1f s", time.Since(begin).Seconds())
	m.works()
}

// ownDriver checks that pods and containers are in slices that systemd made, as their limits say.
func ownDriver(t *testing.T, m *machine) {
	says(t, m.exec("cp1", "cat", "/var/lib/kubelet/config.yaml"), "cgroupDriver: systemd")
	says(t, m.exec("cp1", "docker", "info"), "Cgroup Driver: systemd", "Cgroup Version: 2")
	says(t, m.exec("cp1", "systemctl", "is-active", "kubepods.slice", "docker", "kube-proxy"),
		"active\nactive\nactive\n")
	limits := m.exec("cp1", "sh", "-c",
		"cat /sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/*.slice/*.scope/memory.max")
	if !strings.ContainsAny(limits, "123456789") { // CoreDNS has a limit
		t.Errorf("no container of a pod has a limit of its memory:\n%s", limits)
	}
}

// serves waits until a Service answers at its NodePort, to the control machine too, and in a pod by
// its name.
func (m *machine) serves() {
	m.t.Helper()
	m.kubectl("rollout", "status", "daemonset/web", "--timeout=300s")
	fetch(m.lab, 30080)
	for _, h := range m.hosts() {
		url := fmt.Sprintf("http://%s:30080/", h.Address)
		r := m.runs(time.Minute, "nsenter", "--net=/run/netns/"+m.netns(), "curl", "-sS", "--max-time", "30", url)
		if r.code != 0 || !strings.Contains(r.stdout, "page of") {
			m.t.Errorf("%s does not answer the control machine: exit %d\n%s%s", url, r.code, r.stdout, r.stderr)
		}
	}
	service := m.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
	for _, ask := range [][]string{
		{"nslookup", "web.default.svc.cluster.local"}, {"timeout", "10", "wget", "-qO-", "http://web.default.svc.cluster.local/"},
	} {
		want := service
		if ask[0] != "nslookup" {
			want = "page of"
		}
		m.eventually(2*time.Minute, "the Service by its name", contains(want), "cp1",
			append([]string{"kubectl", "exec", "daemonset/web", "--"}, ask...)...)
	}
	says(m.t, m.exec("cp1", "iptables-save", "-t", "nat"), "-A KUBE-NODEPORTS ")
}

// ownReboot has the machine start again: what the cluster needs comes back by itself.
func ownReboot(t *testing.T, m *machine) {
	t.Logf("the machine was back after %.1f s", m.reboots().Seconds())
	m.works()
	m.serves()
	dockerRuns(t, m.lab)
	m.upAgain()
}
