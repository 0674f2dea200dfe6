package host

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"kbootstrap/internal/trial"
)

// rocky is a host with what the machine of the test may not have.
var rocky = map[string]string{
	"etc/os-release": "NAME=\"Rocky Linux\"\nVERSION_ID=\"8.9\"\n# a comment\nID=\"rocky\"\n" +
		"ID_LIKE=\"rhel centos fedora\"\nPRETTY_NAME='Rocky Linux 8.9 (Green Obsidian)'\n",
	"etc/resolv.conf":                          "nameserver 127.0.0.53\n",
	"run/systemd/resolve/resolv.conf":          "nameserver 192.0.2.1\n",
	"sys/fs/cgroup/memory/tasks":               "",
	"etc/machine-id":                           "0123456789abcdef0123456789abcdef\n",
	"etc/etcd/bootstrapped":                    "  3f5ea\n",
	"usr/lib/systemd/system/docker.service":    "",
	"var/lib/etcd/member/wal/0.wal":            "",
	"run/systemd/container":                    "systemd-nspawn\n",
	"usr/lib/systemd/libsystemd-shared-239.so": "",
	"lib64/libc.so.6": "\x7fELF\x00GNU C Library (GNU libc) stable release version 2.28.\n" +
		"Copyright\x00",
	"sys/class/dmi/id/product_uuid":           "AB-CD\n",
	"sys/fs/selinux/enforce":                  "1",
	"proc/swaps":                              "Filename Type Size\n/dev/sda2 partition 1024\n",
	"proc/meminfo":                            "MemFree:        1 kB\nMemTotal:       16384 kB\n",
	"proc/sys/kernel/osrelease":               "4.18.0-513.el8\n",
	"proc/sys/kernel/random/boot_id":          "b00t\n",
	"proc/sys/net/netfilter/nf_conntrack_max": "262144\n",
	"usr/bin/dnf":                             "#!",
	"usr/bin/yum":                             "#!",
	"usr/sbin/iptables":                       "#!",
	"usr/sbin/swapoff":                        "#!",
	"etc/systemd/system/etcd.service": "[Service]\nExecStart=/usr/local/bin/etcd \\\n  --name=m1 \\\n" +
		"  --peer-cert-allowed-cn=etcd-peer\n",
	"proc/net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
		"eth1\t00000000\t0102A8C0\t0003\t0\t0\t101\t00000000\t0\t0\t0\n" +
		"eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" +
		"eth2\t0002A8C0\t00000000\t0001\t0\t0\t10\t00FFFFFF\t0\t0\t0\n",
}

func TestFactsOfAnotherMachine(t *testing.T) {
	root := trial.Lay(t, rocky)
	got := NewSystem(root, func(_ context.Context, argv ...string) ([]byte, error) {
		if !reflect.DeepEqual(argv, []string{"/usr/sbin/iptables", "--version"}) {
			t.Errorf("unexpected program: %q", argv)
		}
		return []byte("iptables v1.8.5 (nf_tables)\n"), nil
	}, nil, nil).Facts(t.Context(), "etcd.service", "docker.service", "kubelet.service")
	want := Facts{
		Kernel: "4.18.0-513.el8", BootID: "b00t", MachineID: "0123456789abcdef0123456789abcdef", ProductUUID: "AB-CD",
		Container: "systemd-nspawn",
		OS: OS{ID: "rocky", VersionID: "8.9", Name: "Rocky Linux 8.9 (Green Obsidian)",
			Like: []string{"rhel", "centos", "fedora"}},
		MemoryBytes: 16 << 20, Swap: true, Cgroup: 1, Systemd: 239, Glibc: "2.28", IPTables: "1.8.5 (nf_tables)",
		SELinux: "enforcing", DefaultRouteInterface: "eth0",
		Programs: map[string]string{
			"dnf": "/usr/bin/dnf", "yum": "/usr/bin/yum",
			"iptables": "/usr/sbin/iptables", "swapoff": "/usr/sbin/swapoff",
		},
		PackageManager: "dnf", ConntrackWritable: true, EtcdData: true, EtcdBootstrapped: "3f5ea",
		EtcdPeerCN: "etcd-peer",
		Resolv:     "/run/systemd/resolve/resolv.conf",
		Units:      []string{"etcd.service", "docker.service"},
	}
	// What comes from the kernel and not from a file is the other test's.
	want.Hostname, want.Arch, want.CPUs = got.Hostname, got.Arch, got.CPUs
	want.Interfaces, want.DiskFree, want.Time = got.Interfaces, got.DiskFree, got.Time
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	text, err := os.ReadFile(filepath.Join(root, "proc/sys/net/netfilter/nf_conntrack_max"))
	if err != nil || string(text) != "262144\n" {
		t.Errorf("nf_conntrack_max is %q now, %v", text, err)
	}
}

func TestFactsOfOldSystemdAndIPv6(t *testing.T) {
	root := trial.Lay(t, map[string]string{
		"usr/bin/systemctl": "#!",
		"usr/bin/apt-get":   "#!",
		"proc/net/ipv6_route": strings.Repeat("0", 32) + " 00 " +
			strings.Repeat("0", 32) + " 00 fe80 ffffffff 1 0 200200 lo\n" +
			strings.Repeat("0", 32) + " 00 " + strings.Repeat("0", 32) + " 00 fe80 00000400 1 0 3 ens4\n",
	})
	got := NewSystem(root, func(context.Context, ...string) ([]byte, error) {
		return []byte("systemd 219\n+PAM +AUDIT\n"), nil
	}, nil, nil).Facts(t.Context())
	for what, ok := range map[string]bool{
		"systemd 219":            got.Systemd == 219,
		"route by ens4":          got.DefaultRouteInterface == "ens4",
		"apt-get":                got.PackageManager == "apt-get",
		"no swap":                !got.Swap,
		"SELinux disabled":       got.SELinux == "disabled",
		"no conntrack to write":  !got.ConntrackWritable,
		"no etcd":                !got.EtcdData && got.EtcdBootstrapped == "" && got.EtcdPeerCN == "",
		"no container":           got.Container == "",
		"no units":               len(got.Units) == 0,
		"free space of a parent": got.DiskFree["/var/lib"] > 0,
	} {
		if !ok {
			t.Errorf("want %s: %+v", what, got)
		}
	}
}
