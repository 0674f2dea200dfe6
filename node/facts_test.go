package node

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The facts of the machine that runs the test, against what its own programs say.
func TestFactsOfThisMachine(t *testing.T) {
	p := start(t, "/")
	facts, err := p.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said := func(argv ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if want := said("uname", "-r"); facts.Kernel != want {
		t.Errorf("kernel %q, want %q", facts.Kernel, want)
	}
	if want := "glibc " + facts.Glibc; said("getconf", "GNU_LIBC_VERSION") != want {
		t.Errorf("got %q, want %q", want, said("getconf", "GNU_LIBC_VERSION"))
	}
	if want := "cgroup2fs"; (said("stat", "-fc", "%T", "/sys/fs/cgroup") == want) != (facts.Cgroup == 2) {
		t.Errorf("cgroup version %d", facts.Cgroup)
	}
	if want, _ := os.ReadFile("/proc/sys/kernel/random/boot_id"); facts.BootID != strings.TrimSpace(string(want)) {
		t.Errorf("boot id %q, want %q", facts.BootID, want)
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		t.Fatal(err)
	}
	if want := int64(info.Totalram) * int64(info.Unit); facts.MemoryBytes != want {
		t.Errorf("memory %d bytes, want %d", facts.MemoryBytes, want)
	}
	if facts.Swap != (info.Totalswap > 0) {
		t.Errorf("swap %t, want %d bytes of it", facts.Swap, info.Totalswap)
	}
	if facts.Arch != runtime.GOARCH || facts.CPUs != runtime.NumCPU() {
		t.Errorf("%d CPUs %s", facts.CPUs, facts.Arch)
	}
	if since := time.Since(facts.Time); since < 0 || since > time.Hour {
		t.Errorf("its clock is at %s", facts.Time)
	}
	for name, path := range facts.Programs {
		if info, err := os.Stat(path); err != nil || info.Mode()&0o111 == 0 || filepath.Base(path) != name {
			t.Errorf("program %s at %s: %v", name, path, err)
		}
	}
	if facts.Programs["mount"] == "" {
		t.Errorf("programs %v, want mount among them", facts.Programs)
	}
	for _, path := range []string{"/", "/opt", "/var/lib"} {
		if facts.DiskFree[path] <= 0 {
			t.Errorf("disk free %v, want a number for %s", facts.DiskFree, path)
		}
	}
	loopback := false
	for _, i := range facts.Interfaces {
		for _, a := range i.Addresses {
			loopback = loopback || i.Name == "lo" && a.String() == "127.0.0.1/8" && i.MTU > 0
		}
	}
	if !loopback {
		t.Errorf("interfaces %+v, want lo with 127.0.0.1/8", facts.Interfaces)
	}
}

// rocky is a host with what the machine of the test may not have.
var rocky = map[string]string{
	"etc/os-release": "NAME=\"Rocky Linux\"\nVERSION_ID=\"8.9\"\n# a comment\nID=\"rocky\"\n" +
		"ID_LIKE=\"rhel centos fedora\"\nPRETTY_NAME='Rocky Linux 8.9 (Green Obsidian)'\n",
	"etc/resolv.conf":                          "nameserver 127.0.0.53\n",
	"run/systemd/resolve/resolv.conf":          "nameserver 192.0.2.1\n",
	"sys/fs/cgroup/memory/tasks":               "",
	"etc/machine-id":                           "0123456789abcdef0123456789abcdef\n",
	"etc/etcd/bootstrapped":                    "  3f5ea\n",
	"etc/systemd/system/etcd.service":          "",
	"usr/lib/systemd/system/docker.service":    "",
	"var/lib/etcd/member/wal/0.wal":            "",
	"run/systemd/container":                    "systemd-nspawn\n",
	"usr/lib/systemd/libsystemd-shared-239.so": "",
	"lib64/libc.so.6":                          "\x7fELF\x00GNU C Library (GNU libc) stable release version 2.28.\nCopyright\x00",
	"sys/class/dmi/id/product_uuid":            "AB-CD\n",
	"sys/fs/selinux/enforce":                   "1",
	"proc/swaps":                               "Filename Type Size\n/dev/sda2 partition 1024\n",
	"proc/meminfo":                             "MemFree:        1 kB\nMemTotal:       16384 kB\n",
	"proc/sys/kernel/osrelease":                "4.18.0-513.el8\n",
	"proc/sys/kernel/random/boot_id":           "b00t\n",
	"proc/sys/net/netfilter/nf_conntrack_max":  "262144\n",
	"usr/bin/dnf":                              "#!",
	"usr/bin/yum":                              "#!",
	"usr/sbin/iptables":                        "#!",
	"usr/sbin/swapoff":                         "#!",
	"proc/net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
		"eth1\t00000000\t0102A8C0\t0003\t0\t0\t101\t00000000\t0\t0\t0\n" +
		"eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" +
		"eth2\t0002A8C0\t00000000\t0001\t0\t0\t10\t00FFFFFF\t0\t0\t0\n",
}

func lay(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if text == "#!" {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFactsOfAnotherMachine(t *testing.T) {
	root := lay(t, rocky)
	got := gather(t.Context(), root, func(_ context.Context, argv ...string) ([]byte, error) {
		if !reflect.DeepEqual(argv, []string{"/usr/sbin/iptables", "--version"}) {
			t.Errorf("unexpected program: %q", argv)
		}
		return []byte("iptables v1.8.5 (nf_tables)\n"), nil
	})
	want := Facts{
		Kernel: "4.18.0-513.el8", BootID: "b00t", MachineID: "0123456789abcdef0123456789abcdef", ProductUUID: "AB-CD",
		Container: "systemd-nspawn",
		OS: OS{ID: "rocky", VersionID: "8.9", Name: "Rocky Linux 8.9 (Green Obsidian)",
			Like: []string{"rhel", "centos", "fedora"}},
		MemoryBytes: 16 << 20, Swap: true, Cgroup: 1, Systemd: 239, Glibc: "2.28", IPTables: "1.8.5 (nf_tables)",
		SELinux: "enforcing", DefaultRouteInterface: "eth0",
		Programs: map[string]string{
			"dnf": "/usr/bin/dnf", "yum": "/usr/bin/yum", "iptables": "/usr/sbin/iptables", "swapoff": "/usr/sbin/swapoff",
		},
		PackageManager: "dnf", ConntrackWritable: true, EtcdData: true, EtcdBootstrapped: "3f5ea",
		Resolv: "/run/systemd/resolve/resolv.conf",
		Units:  []string{"etcd.service", "docker.service"},
	}
	// What comes from the kernel and not from a file is the other test's.
	want.Hostname, want.Arch, want.CPUs = got.Hostname, got.Arch, got.CPUs
	want.Interfaces, want.DiskFree, want.Time = got.Interfaces, got.DiskFree, got.Time
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if text, err := os.ReadFile(filepath.Join(root, "proc/sys/net/netfilter/nf_conntrack_max")); err != nil || string(text) != "262144\n" {
		t.Errorf("nf_conntrack_max is %q now, %v", text, err)
	}
}

func TestFactsOfOldSystemdAndIPv6(t *testing.T) {
	root := lay(t, map[string]string{
		"usr/bin/systemctl": "#!",
		"usr/bin/apt-get":   "#!",
		"proc/net/ipv6_route": strings.Repeat("0", 32) + " 00 " + strings.Repeat("0", 32) + " 00 fe80 ffffffff 1 0 200200 lo\n" +
			strings.Repeat("0", 32) + " 00 " + strings.Repeat("0", 32) + " 00 fe80 00000400 1 0 3 ens4\n",
	})
	got := gather(t.Context(), root, func(context.Context, ...string) ([]byte, error) {
		return []byte("systemd 219\n+PAM +AUDIT\n"), nil
	})
	for what, ok := range map[string]bool{
		"systemd 219":            got.Systemd == 219,
		"route by ens4":          got.DefaultRouteInterface == "ens4",
		"apt-get":                got.PackageManager == "apt-get",
		"no swap":                !got.Swap,
		"SELinux disabled":       got.SELinux == "disabled",
		"no conntrack to write":  !got.ConntrackWritable,
		"no etcd":                !got.EtcdData && got.EtcdBootstrapped == "",
		"no container":           got.Container == "",
		"no units":               len(got.Units) == 0,
		"free space of a parent": got.DiskFree["/var/lib"] > 0,
	} {
		if !ok {
			t.Errorf("want %s: %+v", what, got)
		}
	}
}

func BenchmarkFacts(b *testing.B) {
	for b.Loop() {
		if gather(b.Context(), "/", run).CPUs != runtime.NumCPU() {
			b.Fatal(strconv.Itoa(runtime.NumCPU()) + " CPUs expected")
		}
	}
}
