package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// units are the unit files of a plan by host and name.
func units(t *testing.T, p plan.Plan) map[string]UnitFile {
	t.Helper()
	all := map[string]UnitFile{}
	for _, s := range p.Steps {
		for _, r := range s.Wanted {
			f, ok := r.(resource.File)
			if !ok || !strings.HasPrefix(f.Path, "/etc/systemd/system/") || path.Ext(f.Path) != ".service" {
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

// unitsAreWellFormed: every unit starts one program of ours with flags, comes back after a boot,
// and does not give up.
func unitsAreWellFormed(t *testing.T, plan plan.Plan) {
	programs := map[string]bool{"/usr/sbin/haproxy": true} // of the distribution
	for _, s := range plan.Steps {
		for _, r := range s.Wanted {
			if link, ok := r.(resource.Link); ok {
				programs[link.Path] = true
			}
		}
	}
	for name, unit := range units(t, plan) {
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
			if !strings.HasPrefix(word, "--") && !strings.HasSuffix(words[0], "haproxy") {
				t.Errorf("%s: %q is no flag", name, word)
			}
		}
		if d := cmp.Diff([]string{"multi-user.target"}, unit.Values("Install", "WantedBy")); d != "" {
			t.Errorf("%s: wanted by\n%s", name, d)
		}
		if restart := unit.Values("Service", "Restart"); len(restart) != 1 || restart[0] == "no" {
			t.Errorf("%s: Restart=%q", name, restart)
		}
		// A misspelt key is a warning to systemd, and nothing to us.
		for section, assignments := range unit {
			for _, a := range assignments {
				if !known()[section+"."+a.Key] {
					t.Errorf(
						"%s: [%s] %s= is not a key that we use; if it is right, name it in this test", name, section,
						a.Key,
					)
				}
			}
		}
	}
}

// known are the keys of units that ours use, from systemd.unit(5), systemd.service(5),
// systemd.exec(5), systemd.kill(5) and systemd.resource-control(5).
func known() map[string]bool {
	m := map[string]bool{}
	for section, keys := range map[string]string{
		"Unit": "Description Documentation After Before Wants",
		"Service": "Type User Environment ExecStart ExecStartPre ExecStartPost ExecReload Restart RestartSec " +
			"StartLimitInterval " +
			"TimeoutStartSec TimeoutStopSec " +
			"LimitNOFILE LimitNPROC LimitCORE NoNewPrivileges PrivateTmp ProtectSystem ProtectHome Delegate KillMode",
		"Install": "WantedBy",
	} {
		for key := range strings.FieldsSeq(keys) {
			m[section+"."+key] = true
		}
	}
	return m
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
