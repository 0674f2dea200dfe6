package resource_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// TestChainsOfOthersStay checks the whole packet filter, not only what Chains itself sees.
func TestChainsOfOthersStay(t *testing.T) {
	m := newMachine(t)
	packetFilter(m)
	m.apply(resource.Chains{Prefixes: []string{"KUBE-", "FLANNEL-"}, Absent: true})
	for _, family := range resource.PacketFilters {
		out, err := exec.CommandContext(t.Context(), family+"-save").Output()
		m.must(err)
		text := string(out)
		if strings.Contains(text, ":KUBE-") ||
			strings.Contains(text, "FLANNEL-") || strings.Contains(text, "-j KUBE-FORWARD") {
			t.Errorf("%s still has\n%s", family, text)
		}
		if family == "iptables" && (!strings.Contains(text, ":DOCKER ") ||
			!strings.Contains(text, `-A FORWARD -m comment --comment "not -j KUBE-SVC really" -j DOCKER`)) {
			t.Errorf("others' rules are gone:\n%s", text)
		}
	}
	left, err := filepath.Glob(m.Path("/run/*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in /run: %q, %v", left, err)
	}
}

func TestTreeKeeps(t *testing.T) {
	m := newMachine(t)
	for _, name := range []string{"a/deep/kept", "a/deep/gone", "a/gone", "b", "kept/1"} {
		m.put("/var/lib/x/"+name, "")
	}
	tree := resource.Tree{Path: "/var/lib/x", Absent: true, Keep: []string{"a/deep/kept", "/var/lib/x/kept", "no/such"}}
	m.apply(tree)
	if found := m.observe(tree); resource.Changed(found, tree) {
		t.Error("it has not converged")
	}
	var left []string
	for line := range strings.Lines(m.snapshot()) {
		if path := strings.Fields(line)[0]; strings.HasPrefix(path, "/var/lib/x") {
			left = append(left, strings.TrimPrefix(path, "/var/lib/x"))
		}
	}
	if got, want := strings.Join(left, " "), " /a /a/deep /a/deep/kept /kept /kept/1"; got != want {
		t.Errorf("left is %q, want %q", got, want)
	}
}

func TestTreeRefusesTheRoots(t *testing.T) {
	m := newMachine(t)
	m.put("/etc/fstab", "")
	m.put("/var/x", "")
	before := m.snapshot()
	for _, path := range []string{"/", "/etc", "/etc/", "etc/x", "/var/x/..", "/var//x", ""} {
		if err := (resource.Tree{Path: path, Absent: true}).Apply(t.Context(), m.System); err == nil {
			t.Errorf("%q is removed", path)
		}
	}
	if m.snapshot() != before {
		t.Error("something is gone")
	}
}

// TestTreeSparesWhatIsMounted checks that a removal does not reach into another file system.
func TestTreeSparesWhatIsMounted(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.put("/data/precious", "x")
	m.must(os.MkdirAll(m.Path("/var/lib/kubelet/volume"), 0o755))
	m.exec("mount", "--bind", m.Path("/data"), m.Path("/var/lib/kubelet/volume"))
	m.real = append(m.real, "umount")
	m.apply(resource.Tree{Path: "/var/lib/kubelet", Absent: true})
	if !m.Exists("/data/precious") || m.Exists("/var/lib/kubelet") {
		t.Errorf("the machine is\n%s", m.snapshot())
	}
}

// TestTreeOnADisk checks that the disk which a host has for a directory stays mounted, and is
// emptied.
func TestTreeOnADisk(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.tmpfs("/var/lib/docker")
	m.tmpfs("/var/lib/docker/overlay2/1/merged")
	tree := resource.Tree{Path: "/var/lib/docker", Absent: true}
	if found := m.observe(tree); !resource.Changed(found, tree) {
		t.Error("a full disk counts as gone")
	}
	m.apply(tree)
	if found := m.observe(tree); resource.Changed(found, tree) {
		t.Error("it has not converged")
	}
	points, err := sysMounts(m)
	if err != nil || len(points) != 1 || points[0] != m.Path("/var/lib/docker") {
		t.Errorf("mounted are %q, %v", points, err)
	}
}

// sysMounts lists what is mounted on the machine.
func sysMounts(m *machine) ([]string, error) { return resource.Mounts{Under: "/"}.Points(m.System) }

// TestMountsInUse checks that a file system that a process uses goes all the same.
func TestMountsInUse(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.tmpfs("/run/x/y")
	used, err := os.Open(m.Path("/run/x/y/on the mount"))
	m.must(err)
	defer used.Close()
	mounts := resource.Mounts{Under: "/run", Absent: true}
	m.apply(mounts)
	if found := m.observe(mounts); resource.Changed(found, mounts) {
		t.Errorf("still there: %s", found.State())
	}
}

// TestDirThatIsUsedStays checks that a rollback does not take what others have put into a
// directory.
func TestDirThatIsUsedStays(t *testing.T) {
	m := newMachine(t)
	m.put("/var/lib/etcd/member/wal", "data")
	gone := resource.Dir{Path: "/var/lib/etcd", Absent: true}
	if found := m.observe(gone); resource.Changed(found, gone) {
		t.Errorf("it counts as there: %s", found.State())
	}
	m.apply(gone)
	if m.get("/var/lib/etcd/member/wal") != "data" {
		t.Error("data is gone")
	}
}

// TestProcessesSpareOthers checks that a process that only looks alike lives.
func TestProcessesSpareOthers(t *testing.T) {
	m := newMachine(t)
	m.sees("/proc")
	m.shim()
	list, err := resource.Processes{Program: "/opt/kboot"}.List(m.System)
	if err != nil || len(list) > 0 {
		t.Errorf("a part of a name means %v, %v", list, err)
	}
	list, err = resource.Processes{Program: "/opt/kbootstrap/sh"}.List(m.System)
	if err != nil || len(list) != 2 {
		t.Errorf("the program's own path means %v, %v", list, err)
	}
	self, err := os.Executable()
	m.must(err)
	outer := host.NewSystem("/", m.run, nil, nil)
	list, err = resource.Processes{Program: self}.List(outer)
	for _, p := range list {
		if p.Pid == os.Getpid() {
			t.Error("it would kill the caller")
		}
	}
	m.must(err)
}
