package preflight

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/host/surroundings"
)

const dropIn = "/etc/systemd/system/kubelet.service.d/20-site.conf"

// set is a setting in a drop-in.
func set(unit, group, name, value string) surroundings.Setting {
	return surroundings.Setting{Of: unit, Path: dropIn, Line: 3, Group: group, Name: name, Value: value}
}

// TestForeignSettings: what changes what a service does, and what is the operator's.
func TestForeignSettings(t *testing.T) {
	const fails = "fail ForeignSetting w1: " + dropIn + ":3 "
	runtime := surroundings.Setting{Of: "/etc/containerd/conf.d/*.toml", Path: "/etc/containerd/conf.d/x.toml", Line: 2}
	sandbox := runtime
	runtime.Name, sandbox.Name = "plugins.cri.runc.options.SystemdCgroup", "plugins.cri.pinned_images.sandbox"
	for _, test := range []struct {
		what     string
		settings []surroundings.Setting
		want     []string
	}{
		{"another command", []surroundings.Setting{
			set("kubelet.service", "Service", "ExecStart", "/usr/local/bin/kubelet"),
		}, []string{fails + "sets ExecStart, which changes what kubelet.service does"}},
		{"an open docker", []surroundings.Setting{
			set("docker.service", "Service", "ExecStart", "/usr/local/bin/dockerd -H unix:///x -H tcp://0.0.0.0:2375"),
		}, []string{fails + "sets ExecStart, and opens docker at tcp://0.0.0.0:2375 without TLS (who reaches that " +
			"address is root), which changes what docker.service does"}},
		{"a docker with TLS", []surroundings.Setting{
			set("docker.service", "Service", "ExecStart", "/usr/local/bin/dockerd --tlsverify -H tcp://0.0.0.0:2376"),
		}, []string{fails + "sets ExecStart, which changes what docker.service does"}},
		{"for several services", []surroundings.Setting{
			set("kubelet.service", "Service", "IPAddressDeny", "any"), set("kube-proxy.service", "Service",
				"IPAddressDeny", "any"),
		}, []string{fails + "sets IPAddressDeny, which changes what kubelet.service, kube-proxy.service does"}},
		{"a condition", []surroundings.Setting{set("kubelet.service", "Unit", "ConditionPathExists", "/x")},
			[]string{fails + "sets ConditionPathExists, which changes what kubelet.service does"}},
		{"the tool's variable", []surroundings.Setting{
			set("kubelet.service", surroundings.GroupEnvironment, surroundings.ConfigVariable, ""),
		}, []string{fails + "sets the variable KBOOTSTRAP_CONFIG, which changes what kubelet.service does"}},
		{"a library", []surroundings.Setting{set("docker.service", surroundings.GroupEnvironment, "LD_PRELOAD", "")},
			[]string{fails + "sets the variable LD_PRELOAD, which changes what docker.service does"}},
		{"a setting of flannel for all", []surroundings.Setting{
			{Of: surroundings.SettingManager, Path: surroundings.ShowEnvironment, Group: surroundings.GroupEnvironment,
				Name: "FLANNELD_IFACE"},
		}, []string{"fail ForeignSetting w1: systemctl show-environment sets the variable FLANNELD_IFACE of all " +
			"services, " +
			"which changes what flanneld.service does"}},
		{"another unit", []surroundings.Setting{
			{Of: "kubelet.service", Path: "/run/systemd/transient/kubelet.service", Group: surroundings.GroupFile,
				Name: surroundings.NameShadow},
		}, []string{"fail ForeignSetting w1: /run/systemd/transient/kubelet.service is taken in place of the " +
			"tool's own " +
			"unit, which changes what kubelet.service does"}},
		{"a mask", []surroundings.Setting{
			{Of: "kubelet.service", Path: "/etc/x", Group: surroundings.GroupFile, Name: surroundings.NameMask},
		}, []string{"fail ForeignSetting w1: /etc/x keeps the unit from starting (it is a mask), which changes what " +
			"kubelet.service does"}},
		{"another cgroup driver", []surroundings.Setting{runtime}, []string{"fail ForeignSetting w1: " +
			"/etc/containerd/conf.d/x.toml:2 " +
			"sets plugins.cri.runc.options.SystemdCgroup, which changes what containerd.service does"}},
		{"another pause image", []surroundings.Setting{sandbox}, []string{"warn ForeignSetting w1: " +
			"/etc/containerd/conf.d/x.toml:2 " +
			"sets plugins.cri.pinned_images.sandbox, which changes what containerd.service does"}},
		{"the distribution's", []surroundings.Setting{{
			Of: "kubelet.service", Path: "/usr/lib/systemd/system/service.d/10.conf", Group: "Service",
			Name: "DynamicUser",
		}}, []string{"warn ForeignSetting w1: /usr/lib/systemd/system/service.d/10.conf sets DynamicUser, which " +
			"changes " +
			"what kubelet.service does"}},
		{"a closed sandbox", []surroundings.Setting{set("kubelet.service", "Service", "ProtectSystem", "strict")},
			[]string{fails + "sets ProtectSystem, which changes what kubelet.service does"}},
		{"the operator's", []surroundings.Setting{
			set("kubelet.service", "Service", "ProtectProc", "default"), set("kubelet.service", "Service",
				"PrivateNetwork", "no"),
			set("docker.service", surroundings.GroupEnvironment, "HTTPS_PROXY", ""), set("kubelet.service", "Service",
				"LimitNOFILE", "9"),
			set("kubelet.service", "Service", "MemoryMax", "1G"), set("kubelet.service", "Unit", "After",
				"nfs.service"),
			set("kubelet.service", "Service", "Nice", "-5"), set("kubelet.service", "Install", "WantedBy", "x.target"),
			set("kubelet.service", surroundings.GroupEnvironment, "GODEBUG", ""), set("kubelet.service", "Service",
				"CPUWeight", "5"),
			{Of: surroundings.SettingManager, Path: "/x", Group: surroundings.GroupEnvironment, Name: "HTTPS_PROXY"},
			// w1 has no etcd
			{Of: surroundings.SettingManager, Path: "/x", Group: surroundings.GroupEnvironment, Name: "ETCD_NAME"},
			set("etcd.service", "Service", "User", "root"),
		}, nil},
	} {
		s := good(t)
		s.Hosts[1].Survey.Surroundings.Settings = test.settings
		found := JudgeSurroundings(s)
		if got := notOK(found); !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n  %s\nwant\n  %s", test.what, strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
		}
		for _, f := range found {
			if f.Level != OK && f.Code != fault.ForeignSetting {
				t.Errorf("%s: the code is %q", test.what, f.Code)
			}
		}
	}
}

// TestProxies: a proxy between the services of the cluster is told, unless NO_PROXY names them.
func TestProxies(t *testing.T) {
	const env = surroundings.GroupEnvironment
	for _, test := range []struct {
		what, unit, except string
		told               bool
	}{
		{"none excepted", "kubelet.service", "", true},
		{"the API is not", "kubelet.service", "10.96.0.0/12", true},
		{"both are", "kubelet.service", "10.96.0.0/12, 192.168.56.11", false},
		{"all are", "kubelet.service", "*", false},
		{"pulls images", "docker.service", "", false},
	} {
		s := good(t)
		s.Hosts[1].Survey.Surroundings.Settings = []surroundings.Setting{
			set(test.unit, env, "https_proxy", ""), set(test.unit, env, "NO_PROXY", test.except),
		}
		if got := notOK(JudgeSurroundings(s)); len(got) > 0 != test.told {
			t.Errorf("%s: got %q", test.what, got)
		}
	}
}

// TestQueryOfSurroundings: every look asks about the units that the host has, and about the files
// that a component names.
func TestQueryOfSurroundings(t *testing.T) {
	s := good(t)
	q := SurroundingsQuery(s.Cluster, s.Hosts[1].Host)
	if !slices.Contains(q.Units, "kubelet.service") || slices.Contains(q.Units, "etcd.service") {
		t.Errorf("w1 is asked about %q", q.Units)
	}
	if len(q.Files) != 1 || q.Sysctls["net.ipv4.ip_forward"] != "1" || q.SysctlAs == "" ||
		!slices.Contains(q.Modules, "vxlan") {
		t.Errorf("the query is %+v", q)
	}
}

// TestCodesOfSurroundings: each check has the code under which its cause is explained.
func TestCodesOfSurroundings(t *testing.T) {
	want := map[string]fault.Code{
		"ForeignSetting": fault.ForeignSetting, "ServiceEnvironment": fault.ForeignSetting,
		"BootSettings": fault.BootSetting, "PacketFilter": fault.PacketFilter,
	}
	s := good(t)
	around := &s.Hosts[1].Survey.Surroundings
	around.Settings = []surroundings.Setting{
		set("kubelet.service", "Service", "User", "x"),
		{Of: surroundings.SettingSysctl, Path: "/etc/z.conf", Line: 3, Name: "net.ipv4.ip_forward",
			Value: "0", Late: true},
	}
	around.Preload = []string{"/x.so"}
	around.Chains = []surroundings.BaseChain{{Table: "inet a", Name: "x", Hook: surroundings.HookForward, All: true}}
	got := map[string]fault.Code{}
	for _, f := range JudgeSurroundings(s) {
		if f.Level != OK {
			got[f.ID] = f.Code
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
