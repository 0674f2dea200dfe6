package resource_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// resetLaws work on the kernel's own interfaces, mounts, packet filters and processes; see
// TestMain.
func resetLaws() []law {
	return []law{
		{
			name: "bridge", forgets: true, wanted: resource.NIC{Name: "cni0", Absent: true}, before: "present\n",
			start: func(m *machine) {
				m.real = append(m.real, "ip")
				m.exec("ip", "link", "add", "name", "cni0", "type", "bridge")
			},
		},
		{
			name: "chains", forgets: true,
			wanted: resource.Chains{Prefixes: []string{"KUBE-", "FLANNEL-"}, Absent: true},
			start:  packetFilter,
			before: "iptables filter KUBE-FORWARD\niptables filter KUBE-SVC\niptables nat FLANNEL-POSTRTG\n" +
				"ip6tables filter KUBE-FORWARD\n",
		},
		{
			name: "ipsets", forgets: true,
			wanted: resource.IPSets{Patterns: []string{"KUBE-SRC-*", "TMP-[A-Z][A-Z]"}, Absent: true},
			start:  addressSets,
			before: "KUBE-SRC-A\nTMP-AB\n",
		},
		{
			name: "mounts", forgets: true, wanted: resource.Mounts{Under: "/run/x", Absent: true},
			before: "ROOT/run/x/a\nROOT/run/x/a/b c\n",
			start: func(m *machine) {
				m.sees("/proc")
				m.tmpfs("/run/x/a")
				m.tmpfs("/run/x/a/b c")
				m.tmpfs("/run/xyz") // another's
			},
		},
		{
			name: "shims", forgets: true, wanted: resource.Processes{Program: "/opt/kbootstrap/", Absent: true},
			before: "PID ROOT/opt/kbootstrap/sh\nPID ROOT/opt/other/sleep\n",
			start: func(m *machine) {
				m.sees("/proc")
				m.shim()
			},
		},
		{
			name: "everything", forgets: true, wanted: kinds.Originals{Absent: true},
			before: "file /etc/a.conf\nfile /etc/b.conf\nlink /usr/local/bin/etcd\n", start: changed,
			each: []string{"file /etc/b.conf", "file /etc/a.conf", "link /usr/local/bin/etcd"},
		},
		{
			name: "but one", forgets: true,
			wanted: kinds.Originals{Keep: []string{"file /etc/a.conf", "swap"}, Absent: true},
			before: "file /etc/b.conf\nlink /usr/local/bin/etcd\n", start: changed,
			each: []string{"file /etc/b.conf", "link /usr/local/bin/etcd"},
		},
		{
			name: "of one directory", forgets: true, start: trusted,
			wanted: kinds.Former{
				Dir: "/etc/certs.d", Keep: []string{"dir /etc/certs.d/a", "file /etc/certs.d/a/ca.crt"}, Absent: true,
			},
			before: "file /etc/certs.d/old.toml\ndir /etc/certs.d/b\nlink /etc/certs.d/b/ca.crt\n",
			each:   []string{"link /etc/certs.d/b/ca.crt", "dir /etc/certs.d/b", "file /etc/certs.d/old.toml"},
		},
	}
}

// trusted has things of the tool's own and of others in a directory, and one next to it.
func trusted(m *machine) {
	m.t.Helper()
	m.put("/etc/certs.d/old.toml", "theirs\n")
	m.put("/etc/certs.d/c/hosts.toml", "theirs\n")
	m.converge([]resource.Resource{
		resource.File{Path: "/etc/certs.d/old.toml", Content: []byte("ours\n")},
		resource.Dir{Path: "/etc/certs.d/a"},
		resource.File{Path: "/etc/certs.d/a/ca.crt", Content: []byte("ours\n")},
		resource.Dir{Path: "/etc/certs.d/b"},
		resource.Link{Path: "/etc/certs.d/b/ca.crt", Target: "/etc/ca.crt"},
		resource.File{Path: "/etc/certs.de", Content: []byte("ours\n")},
	})
	m.must(m.Flush())
}

// TestFormerLeavesOthers: what others have in the directory stays, what the tool keeps there too,
// and what is next to it.
func TestFormerLeavesOthers(t *testing.T) {
	m := newMachine(t)
	trusted(m)
	m.apply(kinds.Former{Dir: "/etc/certs.d", Keep: []string{"file /etc/certs.d/a/ca.crt"}, Absent: true})
	for path, want := range map[string]string{
		"/etc/certs.d/old.toml": "theirs\n", "/etc/certs.d/c/hosts.toml": "theirs\n", "/etc/certs.d/a/ca.crt": "ours\n",
		"/etc/certs.d/b/ca.crt": "", "/etc/certs.de": "ours\n",
	} {
		if got, err := m.Read(path); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", path, got, err, want)
		}
	}
	if m.Exists("/etc/certs.d/b") || !m.Exists("/etc/certs.d/a") {
		t.Error("a directory of the tool's own stays when it is empty, or goes although something is in it")
	}
}

// changed changes a file and a large one, and makes one that was not there.
func changed(m *machine) {
	m.t.Helper()
	m.put("/etc/a.conf", "theirs\n")
	m.put("/usr/local/bin/etcd", strings.Repeat("theirs\n", resource.ContentLimit/6))
	m.converge([]resource.Resource{
		resource.File{Path: "/etc/a.conf", Content: []byte("ours\n")},
		resource.File{Path: "/etc/b.conf", Content: []byte("ours\n")},
		resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/etcd"},
	})
	m.must(m.Flush())
}

// exec runs a program to bring about the first state.
func (m *machine) exec(argv ...string) {
	m.t.Helper()
	if out, err := exec.CommandContext(m.t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
		m.t.Fatalf("%q: %v: %s", argv, err, out)
	}
}

// packetFilter makes chains as kube-proxy and flannel make them, and one of another program.
func packetFilter(m *machine) {
	m.sees("/usr/sbin")
	m.real = append(m.real, "iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore")
	m.exec("iptables", "-F")
	m.exec("iptables", "-X")
	for _, rule := range [][]string{
		{"iptables", "-N", "KUBE-FORWARD"},
		{"iptables", "-N", "KUBE-SVC"},
		{"iptables", "-A", "KUBE-FORWARD", "-j", "KUBE-SVC"},
		{"iptables", "-A", "FORWARD", "-m", "comment", "--comment", "rules of \"-j DROP\"", "-j", "KUBE-FORWARD"},
		{"iptables", "-N", "DOCKER"},
		{"iptables", "-A", "FORWARD", "-m", "comment", "--comment", "not -j KUBE-SVC really", "-j", "DOCKER"},
		{"iptables", "-t", "nat", "-N", "FLANNEL-POSTRTG"},
		{"iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "FLANNEL-POSTRTG"},
		{"ip6tables", "-N", "KUBE-FORWARD"},
		{"ip6tables", "-A", "FORWARD", "-g", "KUBE-FORWARD"},
	} {
		m.exec(rule...)
	}
}

// addressSets has sets as kube-router makes them, and some of others, in a file that stands for the
// kernel: one name a line, as `ipset list -name` prints them.
func addressSets(m *machine) {
	const sets = "/sets"
	m.executable("/usr/sbin/ipset")
	m.put(sets, "KUBE-SRC-A\nKUBE-DST-A\nTMP-AB\nTMP-ABC\nTMP-ab\nKUBE-SRC\n")
	m.fakes["ipset"] = func(argv []string) (string, error) {
		data, err := os.ReadFile(m.Path(sets))
		m.must(err)
		switch {
		case len(argv) == 3 && argv[1] == "list" && argv[2] == "-name":
			return string(data), nil
		case len(argv) == 3 && argv[1] == "destroy" && strings.Contains(string(data), argv[2]+"\n"):
			m.put(sets, strings.Replace(string(data), argv[2]+"\n", "", 1))
			return "", nil
		}
		return m.unexpected(argv)
	}
}

// shim starts a process that has a child, as containerd's shims have.
func (m *machine) shim() {
	for from, to := range map[string]string{"sh": "/opt/kbootstrap/sh", "sleep": "/opt/other/sleep"} {
		path, err := exec.LookPath(from)
		m.must(err)
		data, err := os.ReadFile(path)
		m.must(err)
		m.put(to, string(data))
		m.must(os.Chmod(m.Path(to), 0o755))
	}
	script := m.Path("/opt/other/sleep") + " 1000; true"
	cmd := exec.CommandContext(m.t.Context(), m.Path("/opt/kbootstrap/sh"), "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	m.must(cmd.Start())
	m.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // where the test has not; with its child
		_ = cmd.Wait()                                      // it was killed, and says so
	})
	m.eventually(func() bool {
		return strings.Contains(m.observe(resource.Processes{Program: "/opt/kbootstrap/"}).State(), "/opt/other/sleep")
	})
}
