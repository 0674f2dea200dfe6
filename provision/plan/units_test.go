package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// units are the files of services and timers of a plan by host and name.
func units(t *testing.T, p plan.Plan) map[string]UnitFile {
	t.Helper()
	all := map[string]UnitFile{}
	for _, s := range p.Steps {
		for _, r := range s.Wanted {
			f, ok := r.(resource.File)
			if !ok || f.Absent || !strings.HasPrefix(f.Path, "/etc/systemd/system/") || !isUnit(f.Path) {
				continue
			}
			name := s.About() + "/" + path.Base(f.Path)
			unit, err := ParseUnitFile(string(f.Content))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all[name] = unit
		}
	}
	return all
}

// isUnit reports whether a file is that of a service or a timer.
func isUnit(file string) bool { return slices.Contains([]string{".service", ".timer"}, path.Ext(file)) }

// unitsAreWellFormed: every unit starts one program of ours with flags, comes back after a boot,
// and does not give up. What a timer starts waits for its next time, and the timer comes back.
func unitsAreWellFormed(t *testing.T, plan plan.Plan) {
	programs := map[string]bool{"/usr/sbin/haproxy": true, "/bin/sh": true} // of the distribution
	for _, s := range plan.Steps {
		for _, r := range s.Wanted {
			if link, ok := r.(resource.Link); ok {
				programs[link.Path] = true
			}
			if file, ok := r.(resource.File); ok && file.Blob != "" {
				programs[file.Path] = true
			}
		}
	}
	all := units(t, plan)
	for name, unit := range all {
		keysAreKnown(t, name, unit)
		wantedBy := []string{"multi-user.target"}
		_, isTimed := all[strings.TrimSuffix(name, ".service")+".timer"]
		switch {
		case isTimer(name):
			wantedBy = []string{"timers.target"}
		case isTimed:
			wantedBy = nil
		}
		if d := cmp.Diff(wantedBy, unit.Values("Install", "WantedBy")); d != "" {
			t.Errorf("%s: wanted by\n%s", name, d)
		}
		if isTimer(name) {
			continue
		}
		lines := unit.Values("Service", "ExecStart")
		if len(lines) != 1 {
			t.Errorf("%s: starts %q", name, lines)
			continue
		}
		words, err := CommandLine(lines[0])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !programs[words[0]] {
			t.Errorf("%s: starts %s, which the plan does not put there", name, words[0])
		}
		for _, word := range words[1:] {
			takesWords := slices.Contains([]string{"haproxy", "registry", "sh", "kbootstrap"}, path.Base(words[0]))
			if !strings.HasPrefix(word, "--") && !takesWords {
				t.Errorf("%s: %q is no flag", name, word)
			}
		}
		if restart := unit.Values("Service", "Restart"); !isTimed && (len(restart) != 1 || restart[0] == "no") {
			t.Errorf("%s: Restart=%q", name, restart)
		}
	}
}

// keysAreKnown: a misspelt key is a warning to systemd, and nothing to us.
func keysAreKnown(t *testing.T, name string, unit UnitFile) {
	t.Helper()
	for section, assignments := range unit {
		for _, a := range assignments {
			if !known()[section+"."+a.Key] {
				t.Errorf("%s: [%s] %s= is not a key that we use; if it is right, name it in this test", name, section,
					a.Key)
			}
		}
	}
}

// known are the keys of units that ours use, from systemd.unit(5), systemd.service(5),
// systemd.timer(5), systemd.exec(5), systemd.kill(5) and systemd.resource-control(5).
func known() map[string]bool {
	m := map[string]bool{}
	for section, keys := range map[string]string{
		"Unit": "Description Documentation After Before Wants RequiresMountsFor",
		"Service": "Type User Environment ExecStart ExecStartPre ExecStartPost ExecReload Restart RestartSec " +
			"StartLimitInterval TimeoutStartSec TimeoutStopSec LimitNOFILE LimitNPROC LimitFSIZE Delegate KillMode " +
			"SuccessExitStatus Nice IOSchedulingClass " + sandboxOf219 + " " + sandboxSince,
		"Timer":   "OnCalendar Persistent",
		"Install": "WantedBy",
	} {
		for key := range strings.FieldsSeq(keys) {
			m[section+"."+key] = true
		}
	}
	return m
}

// The directives of the sandbox: those that systemd 219 reads
// (src/core/load-fragment-gperf.gperf.m4 at its tag), and those that came later.
const (
	sandboxOf219 = "LimitCORE OOMScoreAdjust UMask CapabilityBoundingSet NoNewPrivileges PrivateTmp PrivateDevices " +
		"ProtectHome ProtectSystem RestrictAddressFamilies SystemCallArchitectures"
	sandboxSince = "ReadWritePaths ReadOnlyPaths InaccessiblePaths TemporaryFileSystem BindPaths BindReadOnlyPaths " +
		"RuntimeDirectory RuntimeDirectoryPreserve ProtectKernelTunables ProtectKernelModules ProtectControlGroups " +
		"RestrictRealtime MemoryDenyWriteExecute RestrictNamespaces LockPersonality SystemCallFilter " +
		"SystemCallErrorNumber ProtectHostname RestrictSUIDSGID ProtectKernelLogs ProtectClock ProtectProc"
)

// TestSandboxes: every unit of every component is shut in, but those whose mounts are for pods, and
// leaves no core dump by itself. What a systemd of 219 makes of them is another law's
// (TestSystemd219).
func TestSandboxes(t *testing.T) {
	open := []string{"kubelet.service", "containerd.service", "docker.service", "cri-dockerd.service"}
	for _, version := range []int{0, 219, 239, 252} {
		targets := fixture.TargetsOf(t, fixture.Ha)
		for i := range targets {
			targets[i].Facts.Systemd = version
		}
		for name, unit := range units(t, plan.Build(component.Components(), targets)) {
			if isTimer(name) {
				continue // it runs nothing by itself
			}
			if core := unit.Values("Service", "LimitCORE"); len(core) != 1 || !strings.HasPrefix(core[0], "0") {
				t.Errorf("%d: %s: LimitCORE=%q", version, name, core)
			}
			if !slices.Contains(open, path.Base(name)) {
				isShutIn(t, version, name, unit)
			}
		}
	}
}

// isShutIn reports what a sandbox lacks.
func isShutIn(t *testing.T, version int, name string, unit UnitFile) {
	t.Helper()
	want := map[string]string{"UMask": "0077", "NoNewPrivileges": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
		"ProtectHome": "yes", "ProtectSystem": "full", "SystemCallArchitectures": "native"}
	if version >= 239 {
		maps.Copy(want, map[string]string{"ProtectSystem": "strict", "RestrictNamespaces": "yes",
			"ProtectControlGroups": "yes", "MemoryDenyWriteExecute": "yes", "TemporaryFileSystem": "/run:ro"})
	}
	if version == 239 {
		want["TemporaryFileSystem"] = "/run:ro /run/systemd:ro"
	}
	if version >= 252 {
		want["ProtectProc"], want["ProtectClock"] = "invisible", "yes"
	}
	for key, value := range want {
		if got := unit.Values("Service", key); len(got) != 1 || got[0] != value {
			t.Errorf("%d: %s: %s=%q, want %s", version, name, key, got, value)
		}
	}
	if got := unit.Values("Service", "CapabilityBoundingSet"); len(got) != 1 || strings.Contains(got[0], "SYS_ADMIN") {
		t.Errorf("%d: %s: CapabilityBoundingSet=%q", version, name, got)
	}
}

// TestSandboxFollowsArguments: a directory that an argument has written to is writable, a port of
// root's can be listened on, and what may be a socket below /run is there.
func TestSandboxFollowsArguments(t *testing.T) {
	render := func(change func(c *inventory.Cluster), name string) UnitFile {
		targets := fixture.TargetsOf(t, fixture.Small)
		c := *targets[0].Cluster
		c.Arguments = map[string]map[string]string{}
		change(&c)
		for i := range targets {
			targets[i].Cluster = &c
		}
		return units(t, plan.Build(component.Components(), targets))[name]
	}
	unit := render(func(c *inventory.Cluster) {
		c.Arguments["kube-apiserver"] = map[string]string{
			"audit-log-path": "/srv/audit/log", "egress-selector-config-file": "/etc/egress.yaml",
		}
		c.Network.APIPort = 443
	}, "cp1/kube-apiserver.service")
	for key, want := range map[string][]string{
		"ReadWritePaths":        {`"-/var/log/kubernetes"`, `"-/srv/audit"`},
		"ExecStartPre":          {"+/bin/mkdir -p -m 0700 /srv/audit"},
		"TemporaryFileSystem":   nil,
		"CapabilityBoundingSet": {"CAP_NET_BIND_SERVICE"},
	} {
		if d := cmp.Diff(want, unit.Values("Service", key)); d != "" {
			t.Errorf("%s: %s", key, d)
		}
	}
	unit = render(func(c *inventory.Cluster) {
		c.Arguments["kube-proxy"] = map[string]string{"proxy-mode": "ipvs"}
		c.Network.NodePorts.First = 80
	}, "w1/kube-proxy.service")
	for _, c := range []string{"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE", "CAP_SYS_MODULE"} {
		if got := unit.Values("Service", "CapabilityBoundingSet"); !strings.Contains(got[0], c) {
			t.Errorf("kube-proxy has %q, without %s", got, c)
		}
	}
	if got := unit.Values("Service", "ProtectKernelModules"); got != nil {
		t.Errorf("kube-proxy cannot load ip_vs: ProtectKernelModules=%q", got)
	}
}

// TestOddArguments: whatever text an inventory gives a flag arrives at the program byte by byte.
func TestOddArguments(t *testing.T) {
	const alphabet = " \"'\\%$;#=,:{}()*?~!&|<>`abnrtsxu0 ä世"
	random := rand.New(rand.NewPCG(1, 2))
	values := []string{
		"", " ", `"`, `'`, `\`, `\\`, "%", "%n", "%%", "$", "$HOME", "${HOME}", "$$", ";", "#", `a\`, `\ `, `\x41`,
		`"a" 'b'`,
		"a b", " a ", `C:\new\table`, "100%", "feature=true,other=false", `{"a": "b c"}`, "\tx", "line\nline",
	}
	for len(values) < 600 {
		var b strings.Builder
		for range random.IntN(12) {
			letters := []rune(alphabet)
			b.WriteRune(letters[random.IntN(len(letters))])
		}
		values = append(values, b.String())
	}
	flags, want := templates.Flags{}, map[string]string{}
	for i, value := range values {
		name := fmt.Sprintf("flag-%03d", i)
		flags[name], want["--"+name] = value, value
	}
	want["--config"], want["--kubeconfig"] = "/var/lib/kubelet/config.yaml", component.KubeletConfig
	want["--node-ip"], want["--hostname-override"] = "192.168.56.21", "w1"

	targets := fixture.TargetsOf(t, fixture.Small)
	for i := range targets {
		c := *targets[i].Cluster
		c.Arguments = map[string]map[string]string{"kubelet": flags}
		targets[i].Cluster = &c
	}
	lines := units(t, plan.Build(component.Components(), targets))["w1/kubelet.service"].Values("Service", "ExecStart")
	if len(lines) != 1 {
		t.Fatalf("%d lines", len(lines))
	}
	words, err := CommandLine(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		got[name] = value
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestArgumentsWin: a flag of the inventory replaces the tool's own and does not stand next to it.
func TestArgumentsWin(t *testing.T) {
	unit := units(
		t, plan.Build(component.Components(), fixture.TargetsOf(t, fixture.Custom)),
	)["cp1/kube-apiserver.service"]
	words, err := CommandLine(unit.Values("Service", "ExecStart")[0])
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, word := range words {
		name, _, _ := strings.Cut(word, "=")
		count[name]++
		if name == "--audit-log-maxage" && word != "--audit-log-maxage=7" {
			t.Errorf("got %s", word)
		}
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n == 1 })
	if len(count) != 0 {
		t.Errorf("flags that are there more than once: %v", count)
	}
}
