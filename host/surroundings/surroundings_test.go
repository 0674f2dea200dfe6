package surroundings

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"kbootstrap/internal/trial"
)

// directory is a machine whose files lie below a directory, and which has no programs.
type directory string

func (d directory) Path(name string) string { return filepath.Join(string(d), name) }

func (d directory) Read(name string) (string, error) {
	data, err := os.ReadFile(d.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

func (d directory) Exists(name string) bool {
	_, err := os.Stat(d.Path(name))
	return err == nil
}

func (d directory) Program(string) string { return "" }

// shown is a setting as a line: "kubelet.service /etc/x.conf:3 Service User=etcd".
func shown(s Setting) string {
	late := ""
	if s.Late {
		late = " late"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s:%d %s %s=%s%s", s.Of, s.Path, s.Line, s.Group, s.Name, s.Value, late))
}

// look is what Look finds around the files of the tool, as lines.
func look(t *testing.T, root string, q Query) []string {
	t.Helper()
	run := func(_ context.Context, argv ...string) ([]byte, error) {
		if strings.Join(argv, " ") != ShowEnvironment {
			t.Errorf("unexpected program: %q", argv)
		}
		return []byte("LANG=C\nETCD_NAME=x\nHTTPS_PROXY=http://user:hush@proxy\n"), nil
	}
	var lines []string
	for _, set := range Look(t.Context(), directory(root), run, q).Settings {
		lines = append(lines, shown(set))
	}
	return lines
}

func expect(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// TestDropIns: the drop-ins of a unit in all of systemd's directories, by the order and precedence
// of systemd.unit(5), and neither the tool's own nor the values of variables.
func TestDropIns(t *testing.T) {
	const etc = "etc/systemd/system/"
	root := trial.Lay(t, map[string]string{
		etc + "kube-proxy.service":                                  "[Service]\nExecStart=/bin/x\n",
		etc + "kube-proxy.service.d/50-kbootstrap.conf":             "[Service]\nEnvironment=KBOOTSTRAP_CONFIG=1\n",
		etc + "kube-proxy.service.d/99-site.conf":                   "[Service]\nExecStart=\nExecStart=/bin/y\n",
		"usr/lib/systemd/system/kube-proxy.service.d/99-site.conf":  "[Service]\nUser=hidden\n",
		"run/systemd/system/kube-.service.d/60-all.conf":            "[Service]\nIPAddressDeny=any\n",
		"usr/lib/systemd/system/service.d/10-timeout.conf":          "[Service]\nTimeoutStopSec=10\n",
		"etc/systemd/system.control/kube-proxy.service.d/50-M.conf": "[Service]\nMemoryMax=1G\n",
		etc + "kube-proxy.service.d/70-proxy.conf": "[Service]\nEnvironment=\"HTTPS_PROXY=http://u:hush@p\" " +
			"NO_PROXY=10.0.0.0/8\nEnvironmentFile=-/etc/sysconfig/proxy\nEnvironmentFile=/none\n",
		"etc/sysconfig/proxy":                                 "# comment\nLD_PRELOAD=/tmp/x.so\n",
		"run/systemd/transient/kube-proxy.service":            "[Service]\n",
		etc + "etcd.service":                                  "[Service]\n",
		"run/systemd/system/etcd.service.d/50-bootstrap.conf": "[Service]\nEnvironment=ETCD_X=new\n",
		"etc/systemd/system.conf":                             "[Manager]\nDefaultEnvironment=A=b \"HTTPS_PROXY=x\"\n",
	})
	got := look(t, root, Query{Units: []string{"kube-proxy.service", "etcd.service"}})
	expect(t, got, []string{
		"kube-proxy.service /run/systemd/transient/kube-proxy.service:0 file shadow=",
		"kube-proxy.service /usr/lib/systemd/system/service.d/10-timeout.conf:2 Service TimeoutStopSec=10",
		"kube-proxy.service /etc/systemd/system.control/kube-proxy.service.d/50-M.conf:2 Service MemoryMax=1G",
		"kube-proxy.service /run/systemd/system/kube-.service.d/60-all.conf:2 Service IPAddressDeny=any",
		"kube-proxy.service /etc/systemd/system/kube-proxy.service.d/70-proxy.conf:2 Environment HTTPS_PROXY=",
		"kube-proxy.service /etc/systemd/system/kube-proxy.service.d/70-proxy.conf:2 Environment NO_PROXY=10.0.0.0/8",
		"kube-proxy.service /etc/sysconfig/proxy:2 Environment LD_PRELOAD=",
		"kube-proxy.service /etc/systemd/system/kube-proxy.service.d/99-site.conf:3 Service ExecStart=/bin/y",
		"etcd.service /usr/lib/systemd/system/service.d/10-timeout.conf:2 Service TimeoutStopSec=10",
		"systemd /etc/systemd/system.conf:2 Environment A=",
		"systemd /etc/systemd/system.conf:2 Environment HTTPS_PROXY=",
		"systemd systemctl show-environment:0 Environment LANG=",
		"systemd systemctl show-environment:0 Environment ETCD_NAME=",
	})
}

// TestMasks: a mask counts where systemd looks first.
func TestMasks(t *testing.T) {
	root := trial.Lay(t, map[string]string{"etc/systemd/system/systemd-modules-load.service": "[Service]\n"})
	for _, name := range []string{"etc/systemd/system.control", "run/systemd/system"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{
		"etc/systemd/system.control/kubelet.service", "etc/systemd/system/kube-proxy.service",
		"run/systemd/system/systemd-sysctl.service", "run/systemd/system/systemd-modules-load.service",
	} {
		if err := os.Symlink("/dev/null", filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	got := look(t, root, Query{
		Units: []string{"kubelet.service", "kube-proxy.service"},
		Masks: []string{"systemd-sysctl.service", "systemd-modules-load.service"},
	})
	got = slices.DeleteFunc(got, func(line string) bool { return strings.HasPrefix(line, SettingManager+" ") })
	expect(t, got, []string{
		"kubelet.service /etc/systemd/system.control/kubelet.service:0 file mask=",
		"systemd-sysctl.service /run/systemd/system/systemd-sysctl.service:0 file mask=",
	})
}

// TestBootSettings: the files of all directories by their names, other names of the same parameter,
// patterns, and what keeps a module away.
func TestBootSettings(t *testing.T) {
	root := trial.Lay(t, map[string]string{
		"etc/sysctl.d/zzz-kbootstrap.conf": "net.ipv4.ip_forward = 1\n",
		"etc/sysctl.d/10-a.conf":           "# net.ipv4.ip_forward=0\n\nnet.ipv4.ip_forward=0\nkernel.panic=0\n",
		"usr/lib/sysctl.d/zzzz-b.conf":     "-net/ipv4/conf/all/forwarding = 0\nnet.ipv4.conf.all.forwarding=1\n",
		"run/sysctl.d/zzzz-c.conf":         "net.bridge.bridge-nf-call-* = 0\n",
		"lib/sysctl.d/zzzz-c.conf":         "net.ipv4.ip_forward=0\n",
		"etc/sysctl.conf":                  "net.ipv4.ip_forward = 0\n",
		"etc/ufw/ufw.conf":                 "ENABLED=yes\n",
		"etc/ufw/sysctl.conf":              "net/ipv4/conf/default/forwarding=0\n",
		"etc/modprobe.d/x.conf": "blacklist br-netfilter\ninstall overlay /bin/true\ninstall vxlan " +
			"/sbin/modprobe -i vxlan\n",
		"usr/lib/modprobe.d/y.conf": "blacklist floppy\n",
	})
	got := look(t, root, Query{
		Sysctls: map[string]string{
			"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1",
		},
		SysctlAs: "/etc/sysctl.d/zzz-kbootstrap.conf",
		Modules:  []string{"overlay", "br_netfilter", "vxlan"},
	})
	expect(t, got, []string{
		"sysctl /etc/sysctl.d/10-a.conf:3  net.ipv4.ip_forward=0",
		"sysctl /usr/lib/sysctl.d/zzzz-b.conf:1  net.ipv4.conf.all.forwarding=0 late",
		"sysctl /run/sysctl.d/zzzz-c.conf:1  net.bridge.bridge-nf-call-*=0 late",
		"sysctl /etc/sysctl.conf:1  net.ipv4.ip_forward=0",
		"sysctl /etc/ufw/sysctl.conf:1  net.ipv4.conf.default.forwarding=0 late",
		"module /etc/modprobe.d/x.conf:1 blacklist br_netfilter=",
		"module /etc/modprobe.d/x.conf:2 install overlay=",
	})
}

// TestKeys: settings in files that are taken in, but those that the tool's own file has too.
func TestKeys(t *testing.T) {
	root := trial.Lay(t, map[string]string{
		"etc/containerd/config.toml": "[plugins.\"cri\".cni]\n  conf_dir = \"/etc/cni\"\n",
		"etc/containerd/conf.d/a.toml": "root = \"/data\"\n# state = 1\n[plugins.'cri'.cni]\nconf_dir = " +
			"\"/etc/cni\"\n" +
			"[plugins.\"cri\".containerd.runtimes.runc.options]\nSystemdCgroup = false # why\n[debug]\naddress = " +
			"\"/x\"\n",
	})
	got := look(t, root, Query{Files: []KeysQuery{{
		Pattern: "/etc/containerd/conf.d/*.toml", Main: "/etc/containerd/config.toml",
		Keys: []string{"root", "state", "cni.conf_dir", "runc.options.SystemdCgroup", "grpc.address"},
	}}})
	expect(t, got, []string{
		`/etc/containerd/conf.d/*.toml /etc/containerd/conf.d/a.toml:1  root="/data"`,
		"/etc/containerd/conf.d/*.toml /etc/containerd/conf.d/a.toml:6  " +
			"plugins.cri.containerd.runtimes.runc.options.SystemdCgroup=false",
	})
}

// TestStrayCommand: the command line of a process, compared with those that are written down.
func TestStrayCommand(t *testing.T) {
	const unit = "etc/systemd/system/a.service"
	for _, test := range []struct{ what, unit, dropIn, cmdline, want string }{
		{"the unit's", "ExecStart=/bin/a \\\n  --b=c", "", "/bin/a\x00--b=c\x00", ""},
		{"another", "ExecStart=/bin/a --b=c", "", "/bin/a\x00--b=d\x00", "/bin/a --b=d"},
		{"a drop-in's", "ExecStart=/bin/a", "ExecStart=\nExecStart=-/bin/z 'x y'", "/bin/z\x00x y\x00", ""},
		{"with a name", "ExecStart=@/bin/a name --b", "", "name\x00--b\x00", ""},
		{"not known", "ExecStart=/bin/a", "ExecStart=/bin/a $OPTIONS", "/bin/a\x00--b\x00", ""},
		{"doubled", "ExecStart=/bin/a 100%%", "", "/bin/a\x00100%\x00", ""},
		{"a process that is ending", "ExecStart=/bin/a", "", "", ""},
		{"no unit", "", "", "/bin/a\x00", ""},
	} {
		files := map[string]string{"proc/7/cmdline": test.cmdline}
		if test.unit != "" {
			files[unit] = "[Service]\n" + test.unit + "\n"
		}
		if test.dropIn != "" {
			files[unit+".d/x.conf"] = "[Service]\n" + test.dropIn + "\n"
		}
		if got := StrayCommand(directory(trial.Lay(t, files)), "a.service", 7); got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}

// TestPreload: the libraries of /etc/ld.so.preload.
func TestPreload(t *testing.T) {
	root := directory(trial.Lay(t, map[string]string{"etc/ld.so.preload": "# none\n/a.so:/b.so\n/c.so # why\n"}))
	expect(t, reader{root}.preload(), []string{"/a.so", "/b.so", "/c.so"})
}

// TestChains: which chains drop what pods send.
func TestChains(t *testing.T) {
	for _, test := range []struct {
		what, table, listing, want string
	}{
		{"an open chain", "inet site", "-P FORWARD ACCEPT\n", ""},
		{"a policy", "inet site", "-P FORWARD DROP\n", "policy true"},
		{"a policy with rules", "inet site", "-P FORWARD DROP\n-A FORWARD -i cni0 -j ACCEPT\n", "policy false"},
		{"docker's policy", "ip filter", "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n", ""},
		{"a rule before flannel's", "ip filter", "-P FORWARD ACCEPT\n-A FORWARD -j KUBE-FORWARD\n" +
			"-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n-A FORWARD -j FLANNEL-FWD\n", "rule true"},
		{"a rule with others before", "ip filter", "-P FORWARD ACCEPT\n-A FORWARD -s 10.0.0.0/8 -j ACCEPT\n" +
			"-A FORWARD -j DROP\n", "rule false"},
		{"a rule behind flannel's", "ip filter", "-P FORWARD DROP\n-A FORWARD -j FLANNEL-FWD\n-A FORWARD -j " +
			"DROP\n", ""},
		{"a rule about some", "ip filter", "-P FORWARD ACCEPT\n-A FORWARD -s 192.0.2.1/32 -j DROP\n", ""},
	} {
		policy, rules := readRules(test.listing, "FORWARD")
		chain := BaseChain{Table: test.table, Name: "FORWARD", Hook: HookForward}
		got := ""
		if chain.judge(policy == "DROP", rules) {
			got = fmt.Sprint(chain.By, " ", chain.All)
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}

// message is an attribute of netlink.
func message(kind uint16, parts ...[]byte) []byte {
	value := slices.Concat(parts...)
	head := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofNlAttr+len(value)))
	head = binary.NativeEndian.AppendUint16(head, kind)
	return append(append(head, value...), make([]byte, align4(len(value))-len(value))...)
}

// TestNetlink: a chain and its rules as the kernel tells them, and answers that are cut off.
func TestNetlink(t *testing.T) {
	be := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	body := slices.Concat([]byte{unix.NFPROTO_INET, 0, 0, 0},
		message(unix.NFTA_CHAIN_TABLE, []byte("site\x00")), message(unix.NFTA_CHAIN_NAME, []byte("gate\x00")),
		message(unix.NFTA_CHAIN_HOOK|unix.NLA_F_NESTED, message(unix.NFTA_HOOK_HOOKNUM, be(unix.NF_INET_FORWARD))),
		message(unix.NFTA_CHAIN_POLICY, be(nfDrop)))
	frame := func(kind uint16, body []byte) []byte {
		head := binary.NativeEndian.AppendUint32(nil, uint32(netlinkHeader+len(body)))
		head = binary.NativeEndian.AppendUint16(head, kind)
		return append(append(head, make([]byte, netlinkHeader-6)...), body...)
	}
	datagram := slices.Concat(frame(unix.NFNL_SUBSYS_NFTABLES<<8, body), frame(unix.NLMSG_DONE, be(0)))
	answers, done, err := readNetlink(datagram)
	if err != nil || !done || len(answers) != 1 {
		t.Fatal(answers, done, err)
	}
	chain, policy, ok := answers[0].baseChain()
	if want := (BaseChain{Table: "inet site", Name: "gate", Hook: HookForward}); chain != want ||
		policy != nfDrop || !ok {
		t.Errorf("got %+v, %d, %t", chain, policy, ok)
	}
	for n := range len(datagram) {
		_, done, _ := readNetlink(datagram[:n]) // it must not panic
		if done {
			t.Errorf("%d bytes are taken for the whole answer", n)
		}
	}
	if _, _, err := readNetlink(frame(unix.NLMSG_ERROR, binary.NativeEndian.AppendUint32(nil,
		0xffffffff))); err == nil {
		t.Error("an error of the kernel is no error")
	}
	expression := func(name string, data ...[]byte) []byte {
		return message(1, message(unix.NFTA_EXPR_NAME, []byte(name+"\x00")), message(unix.NFTA_EXPR_DATA, data...))
	}
	decision := message(unix.NFTA_IMMEDIATE_DATA, message(unix.NFTA_DATA_VERDICT, message(unix.NFTA_VERDICT_CODE,
		be(nfDrop))))
	for _, test := range []struct {
		what        string
		expressions [][]byte
		want        verdict
	}{
		{"counter drop", [][]byte{expression("counter"), expression("immediate", decision)}, verdict{all: true,
			drops: true}},
		{"drop of some", [][]byte{expression("cmp"), expression("immediate", decision)}, verdict{drops: true}},
		{"reject", [][]byte{expression("reject")}, verdict{all: true, drops: true}},
		{"REJECT of iptables", [][]byte{expression("target", message(unix.NFTA_TARGET_NAME, []byte("REJECT\x00")))},
			verdict{all: true, drops: true}},
		{"jump", [][]byte{expression("immediate", message(unix.NFTA_IMMEDIATE_DATA, message(unix.NFTA_DATA_VERDICT,
			message(unix.NFTA_VERDICT_CODE, be(0xfffffffd)), message(unix.NFTA_VERDICT_CHAIN,
				[]byte("FLANNEL-FWD\x00")))))},
			verdict{all: true, to: flannelChain}},
	} {
		rule := nftAnswer{attributes: map[uint16][]byte{unix.NFTA_RULE_EXPRESSIONS: slices.Concat(test.expressions...)}}
		if got := verdictOf(rule); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.what, got, test.want)
		}
	}
}
