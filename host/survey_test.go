package host

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/internal/trial"
)

// silent is a Run for a machine whose programs are not to be started.
func silent(t *testing.T) func(context.Context, ...string) ([]byte, error) {
	return func(_ context.Context, argv ...string) ([]byte, error) {
		t.Errorf("unexpected program: %q", argv)
		return nil, os.ErrNotExist
	}
}

// The first bytes of the write-ahead log of an etcd 3.6.8, whose etcdctl prints the cluster's ID as
// 11192634692827012578 and the member's as 5732049601503122692, in decimal.
const wal = "040000000000008408041000000000001f00000000000081080110" +
	"f5a9b4a2041a150884aa8de4e29795c64f10e2bbabb5bbbe8eaa9b01000e" +
	"00000000000082080510a1bdc3bb0b1a0408001000000073000000000000850802"

func TestEtcdData(t *testing.T) {
	log, err := hex.DecodeString(wal)
	if err != nil {
		t.Fatal(err)
	}
	const dir = "var/lib/etcd/member/wal/"
	root := trial.Lay(t, map[string]string{
		dir + "0000000000000000-0000000000000000.wal": string(log),
		dir + "0.tmp": strings.Repeat("\x00", 100),
	})
	got := surveyor{Root: Root(root)}.etcdData("/var/lib/etcd", false)
	want := EtcdData{
		Entries:   []string{"member"},
		ClusterID: fmt.Sprintf("%x", uint64(11192634692827012578)),
		MemberID:  fmt.Sprintf("%x", uint64(5732049601503122692)),
	}
	if time.Since(got.Modified) > time.Hour {
		t.Errorf("modified %s", got.Modified)
	}
	got.Modified = time.Time{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}

	// A log that was laid out ahead and not begun: that before it counts.
	next := filepath.Join(root, dir, "0000000000000001-0000000000000460.wal")
	if err := os.WriteFile(next, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := (surveyor{Root: Root(root)}).etcdData("/var/lib/etcd", false); got.ClusterID != want.ClusterID {
		t.Errorf("with an empty log behind: %+v", got)
	}
	got = surveyor{Root: Root(t.TempDir())}.etcdData("/var/lib/etcd", false)
	if got.Entries != nil || got.ClusterID != "" {
		t.Errorf("of no data: %+v", got)
	}
}

// TestLastEntry: what raft compares is the last entry of the log. A later part of the log may have
// none yet, and what follows the records is laid out ahead.
func TestLastEntry(t *testing.T) {
	log, err := hex.DecodeString(wal)
	if err != nil {
		t.Fatal(err)
	}
	record := func(kind byte, data ...byte) string {
		body := append([]byte{0x08, kind, 0x1a, byte(len(data))}, data...)
		padding := (8 - len(body)%8) % 8
		head := make([]byte, 8)
		binary.LittleEndian.PutUint64(head, uint64(len(body)))
		if padding > 0 {
			head[7] = 0x80 | byte(padding)
		}
		return string(head) + string(body) + strings.Repeat("\x00", padding)
	}
	entry := func(term, index byte) string { return record(2, 0x08, 0, 0x10, term, 0x18, index, 0x22, 1, 'x') }
	const dir = "var/lib/etcd/member/wal/"
	begin := string(log[:56]) // the sum of the part before, and the metadata
	ahead := strings.Repeat("\x00", 64)
	root := trial.Lay(t, map[string]string{
		dir + "0000000000000000-0000000000000000.wal": begin + entry(1, 4) + entry(1, 5) + entry(2, 5) + ahead,
		dir + "0000000000000001-0000000000000006.wal": begin + record(3, 0x08, 2) + ahead,
	})
	if got := (surveyor{Root: Root(root)}).etcdData("/var/lib/etcd", true).Last; got != (LogEntry{2, 5}) {
		t.Errorf("the last entry is %v", got)
	}
}

// FuzzWAL: whatever lies there, reading it ends, and without a panic.
func FuzzWAL(f *testing.F) {
	log, err := hex.DecodeString(wal)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(log)
	f.Add([]byte{})
	f.Add(log[:20])
	f.Add(append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, log...))
	f.Fuzz(func(t *testing.T, log []byte) {
		path := filepath.Join(t.TempDir(), "0.wal")
		if err := os.WriteFile(path, log, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, cluster, ok := walMetadata(path); ok && cluster == 0 {
			t.Error("a cluster without an ID")
		}
	})
}

// TestPortsOfAnotherMachine: tables as a control plane has them.
func TestPortsOfAnotherMachine(t *testing.T) {
	root := trial.Lay(t, map[string]string{
		"proc/net/tcp": "  sl  local_address rem_address   st tx_queue rx_queue " +
			"tr tm->when retrnsmt   uid  timeout inode\n" +
			"   0: 0B38A8C0:094C 00000000:0000 0A 00000000:00000000 00:00000000 00000000 " +
			"  999        0 261840 2 000000002577fcc4 100 0 0 10 0\n" +
			"   1: 0100007F:2808 00000000:0000 0A 00000000:00000000 00:00000000 00000000 " +
			"    0        0 264120 2 000000004a701dee 100 0 0 10 0\n" +
			// A connection of a client to 2380 of another host, and one to ours: neither listens.
			"   2: 0B38A8C0:094C 0C38A8C0:A3C2 01 00000000:00000000 00:00000000 00000000 " +
			"  999        0 261999 2 0000000027dff6cb 100 0 0 10 0\n",
		"proc/net/tcp6": "  sl  local_address                         remote_address                        st\n" +
			"   0: 00000000000000000000000000000000:192B 00000000000000000000000000000000:0000 " +
			"0A 00000000:00000000 00:00000000 00000000     0        0 264500 1 0 100 0 0 10 0\n" +
			"   1: 0000000000000000FFFF00000B38A8C0:280A 00000000000000000000000000000000:0000 " +
			"0A 00000000:00000000 00:00000000 00000000     0        0 264501 1 0 100 0 0 10 0\n",
		"proc/net/udp": "   sl  local_address rem_address   st tx_queue rx_queue " +
			"tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n" +
			" 6468: 00000000:2118 00000000:0000 07 00000000:00000000 00:00000000 00000000 " +
			"    0        0 269660 2 00000000efea0913 0\n",
		"proc/812/comm": "etcd\n",
		"proc/812/cgroup": "9:name=systemd:/system.slice/etcd.service\n8:pids:/\n" +
			"0::/system.slice/etcd.service\n",
		"proc/900/comm":                  "kube-apiserver\n",
		"proc/900/cgroup":                "0::/system.slice/kube-apiserver.service\n",
		"sys/class/net/flannel.1/uevent": "DEVTYPE=vxlan\nINTERFACE=flannel.1\nIFINDEX=4\n",
		"sys/class/net/eth1/uevent":      "INTERFACE=eth1\nIFINDEX=2\n",
	})
	for link, target := range map[string]string{
		"proc/812/fd/3": "socket:[261840]", "proc/812/exe": "/opt/kbootstrap/etcd-3.6.8/etcd",
		"proc/900/fd/7": "socket:[264500]", "proc/900/fd/8": "/dev/null",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, link)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	m := surveyor{ctx: t.Context(), Root: Root(root)}
	got := m.ports([]int{2380, 6443, 10250, 10251}, []int{8472})
	want := []Port{
		{Network: "tcp", Address: netip.MustParseAddr("192.168.56.11"), Number: 2380, PID: 812, Program: "etcd",
			Path: "/opt/kbootstrap/etcd-3.6.8/etcd", Unit: "etcd.service", inode: "261840"},
		{Network: "tcp", Address: netip.IPv6Unspecified(), Number: 6443, PID: 900, Program: "kube-apiserver",
			Unit: "kube-apiserver.service", inode: "264500"},
		{Network: "tcp", Address: netip.MustParseAddr("192.168.56.11"), Number: 10250, inode: "264501"},
		{Network: "udp", Address: netip.IPv4Unspecified(), Number: 8472, inode: "269660"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if got := m.tunnels(); !slices.Equal(got, []string{"flannel.1"}) {
		t.Errorf("VXLANs: %q", got)
	}
}

func TestUnits(t *testing.T) {
	run := func(_ context.Context, argv ...string) ([]byte, error) {
		asked := []string{"etcd.service", "k3s.service", "firewalld.service"}
		if argv[0] != "systemctl" || !slices.Equal(argv[5:], asked) {
			t.Errorf("unexpected program: %q", argv)
		}
		return []byte("MainPID=270\nId=etcd.service\nLoadState=loaded\nActiveState=active\n" +
			"FragmentPath=/etc/systemd/system/etcd.service\n" +
			"DropInPaths=/etc/systemd/system/etcd.service.d/50-kbootstrap.conf " +
			"/etc/systemd/system/etcd.service.d/local.conf\n\n" +
			"MainPID=0\nId=k3s.service\nLoadState=not-found\nActiveState=inactive\nFragmentPath=\nDropInPaths=\n\n" +
			"MainPID=0\nId=firewalld.service\nLoadState=loaded\nActiveState=inactive\n" +
			"FragmentPath=/lib/systemd/system/firewalld.service\nDropInPaths=\n"), nil
	}
	m := surveyor{ctx: t.Context(), Root: Root(t.TempDir()), run: run}
	want := []Unit{
		{
			Name: "etcd.service", Load: "loaded", State: "active", Active: true, PID: 270,
			Path: "/etc/systemd/system/etcd.service",
			DropIns: []string{
				"/etc/systemd/system/etcd.service.d/50-kbootstrap.conf",
				"/etc/systemd/system/etcd.service.d/local.conf",
			},
		},
		{
			Name: "firewalld.service", Load: "loaded", State: "inactive",
			Path:    "/lib/systemd/system/firewalld.service",
			DropIns: []string{},
		},
	}
	if got := m.units([]string{"etcd.service", "k3s.service", "firewalld.service"}); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestSurveyWithoutSystemd: whose a service is does not depend on whether systemd answers.
func TestSurveyWithoutSystemd(t *testing.T) {
	const own = "/etc/systemd/system/flanneld.service.d/50-kbootstrap.conf"
	s := surveyor{
		Root(trial.Lay(t, map[string]string{own[1:]: "[Service]\n"})), t.Context(),
		func(context.Context, ...string) ([]byte, error) {
			return nil, errors.New("Failed to get properties: Connection reset by peer")
		},
	}
	want := []Unit{{Name: "flanneld.service", DropIns: []string{own}}}
	if found := s.units([]string{"docker.service", "flanneld.service"}); !reflect.DeepEqual(found, want) {
		t.Errorf("found %+v, want %+v", found, want)
	}
}

// TestContext: of a kubeconfig only names are read.
func TestContext(t *testing.T) {
	const path = "/etc/kubernetes/kubelet.conf"
	for text, want := range map[string][2]string{
		"contexts:\n- name: \"demo\"\n  context:\n    user: \"system:node:w1@demo\"\ncurrent-context: \"demo\"\n": {
			"demo", "system:node:w1@demo",
		},
		"users:\n- name: default-auth\n  user:\n    client-key: /k\ncurrent-context: default\n": {"default", ""},
		"": {},
	} {
		s := surveyor{Root(trial.Lay(t, map[string]string{path[1:]: text})), t.Context(), silent(t)}
		if context, user := s.context(path); context != want[0] || user != want[1] {
			t.Errorf("%q: context %q, user %q, want %q", text, context, user, want)
		}
	}
}

// TestSurveyOfAnotherMachine: what its files tell.
func TestSurveyOfAnotherMachine(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(serial int64) string {
		template := &x509.Certificate{
			SerialNumber:          big.NewInt(serial),
			Subject:               pkix.Name{CommonName: "kubernetes"},
			IsCA:                  true,
			BasicConstraintsValid: true,
		}
		raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	}
	root := trial.Lay(t, map[string]string{
		"proc/sys/kernel/osrelease": "5.15.0-91-generic\n",
		"proc/filesystems":          "nodev\tsysfs\nnodev\toverlay\n\text4\n",
		"lib/modules/5.15.0-91-generic/modules.dep": "kernel/net/bridge/br_netfilter.ko.zst: " +
			"kernel/net/bridge/bridge.ko.zst\n",
		"lib/modules/5.15.0-91-generic/modules.builtin": "kernel/net/netfilter/nf-conntrack.ko\n",
		"proc/sys/net/netfilter/nf_conntrack_max":       "65536\n",
		"proc/sys/fs/inotify/max_user_watches":          "8192\n",
		"etc/resolv.conf":                               "# stub\nnameserver 127.0.0.53\noptions edns0\n",
		"sys/fs/cgroup/cgroup.controllers":              "cpuset cpu io memory pids\n",
		"etc/kubernetes/manifests/etcd.yaml":            "kind: Pod\n",
		"etc/kubernetes/pki/ca.crt":                     certificate(1),
		"proc/net/arp": "IP address       HW type     Flags       HW address            Mask     Device\n" +
			"192.168.56.21    0x1         0x2         08:00:27:00:00:0A     *        eth1\n" +
			"192.168.56.22    0x1         0x0         00:00:00:00:00:00     *        eth1\n",
	})
	got := NewSystem(root, silent(t), nil, nil).Survey(t.Context(), SurveyQuery{
		Modules: []string{"overlay", "br_netfilter", "nf_conntrack", "vxlan"},
		Traces:  []string{"/etc/kubernetes/manifests/etcd.yaml", "/var/lib/rancher"},
		Paths:   []string{"/", "/var/lib/containerd/not/yet"}, CA: "/etc/kubernetes/pki/ca.crt", Packages: true,
	})
	modules := []ModuleState{
		{"overlay", ModulePresent},
		{"br_netfilter", ModuleAvailable},
		{"nf_conntrack", ModulePresent},
		{"vxlan", ModuleMissing},
	}
	limits := map[string]int64{"net.netfilter.nf_conntrack_max": 65536, "fs.inotify.max_user_watches": 8192}
	renewed, ok := ParseAuthority([]byte(certificate(2)))
	for what, is := range map[string]bool{
		"modules": slices.Equal(got.Modules, modules),
		"limits":  reflect.DeepEqual(got.Limits, limits),
		"the neighbour that was heard": slices.Equal(got.Neighbours,
			[]Neighbour{{netip.MustParseAddr("192.168.56.21"), "08:00:27:00:00:0a"}}),
		"resolv":      slices.Equal(got.NameServers, []string{"127.0.0.53"}),
		"controllers": slices.Equal(got.Controllers, []string{"cpuset", "cpu", "io", "memory", "pids"}),
		"traces":      slices.Equal(got.Traces, []string{"/etc/kubernetes/manifests/etcd.yaml"}),
		"the same key in a renewed certificate": ok && got.Authority != nil && got.Authority.Key == renewed.Key &&
			got.Authority.Path == "/etc/kubernetes/pki/ca.crt" && got.Authority.Subject == "CN=kubernetes",
		"no lock": got.PackageLock == nil,
		"the file system of a parent": len(got.FileSystems) == 2 &&
			got.FileSystems[0].Device == got.FileSystems[1].Device && got.FileSystems[1].Bytes > 0,
	} {
		if !is {
			t.Errorf("want %s: %+v", what, got)
		}
	}
	if _, ok := ParseAuthority([]byte("no certificate")); ok {
		t.Error("an authority without a certificate")
	}
}

// TestModulesOfAContainer: without a list of modules the survey cannot tell what could be loaded.
func TestModulesOfAContainer(t *testing.T) {
	root := trial.Lay(t, map[string]string{
		"proc/sys/kernel/osrelease":                   "6.1.0\n",
		"proc/sys/net/bridge/bridge-nf-call-iptables": "1\n",
		"sys/module/vxlan/version":                    "",
	})
	got := surveyor{Root: Root(root)}.modules([]string{"br_netfilter", "vxlan", "overlay"})
	want := []ModuleState{{"br_netfilter", ModulePresent}, {"vxlan", ModulePresent}, {"overlay", ModuleUnknown}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

// TestControllersOfVersion1: one that is off is not counted.
func TestControllersOfVersion1(t *testing.T) {
	root := trial.Lay(t, map[string]string{
		"proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\n" +
			"cpuset\t3\t40\t1\ncpu\t1\t40\t1\nmemory\t0\t112\t0\npids\t8\t40\t1\n",
	})
	if got := (surveyor{Root: Root(root)}).controllers(); !slices.Equal(got, []string{"cpuset", "cpu", "pids"}) {
		t.Errorf("got %q", got)
	}
}
