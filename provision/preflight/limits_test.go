package preflight

import (
	"fmt"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/internal/golden"
	"kbootstrap/release"
)

// systems are what distributions bring, for the table of docs/systems.md. A host that was started
// with cgroup v2, or with another kernel, is another row.
var systems = []struct {
	name  string
	facts host.Facts
}{
	{"Enterprise Linux 7.0, 7.1", host.Facts{Kernel: "3.10.0-229.el7.x86_64", Cgroup: 1, Systemd: 208}},
	{"Enterprise Linux 7.2, 7.3", host.Facts{Kernel: "3.10.0-514.el7.x86_64", Cgroup: 1, Systemd: 219}},
	{"Enterprise Linux 7.4 to 7.9", host.Facts{Kernel: "3.10.0-1160.el7.x86_64", Cgroup: 1, Systemd: 219}},
	{"Enterprise Linux 8", host.Facts{Kernel: "4.18.0-553.el8_10.x86_64", Cgroup: 1, Systemd: 239}},
	{"Enterprise Linux 8, started with cgroup v2", host.Facts{Kernel: "4.18.0-553.el8_10.x86_64", Cgroup: 2,
		Systemd: 239}},
	{"Enterprise Linux 9", host.Facts{Kernel: "5.14.0-570.el9_6.x86_64", Cgroup: 2, Systemd: 252}},
	{"Debian 10", host.Facts{Kernel: "4.19.0-27-amd64", Cgroup: 1, Systemd: 241}},
	{"Debian 11", host.Facts{Kernel: "5.10.0-32-amd64", Cgroup: 2, Systemd: 247}},
	{"Debian 12", host.Facts{Kernel: "6.1.0-37-amd64", Cgroup: 2, Systemd: 252}},
	{"Debian 13", host.Facts{Kernel: "6.12.38-amd64", Cgroup: 2, Systemd: 257}},
	{"Ubuntu 20.04", host.Facts{Kernel: "5.4.0-216-generic", Cgroup: 1, Systemd: 245}},
	{"Ubuntu 22.04", host.Facts{Kernel: "5.15.0-140-generic", Cgroup: 2, Systemd: 249}},
	{"Ubuntu 24.04", host.Facts{Kernel: "6.8.0-60-generic", Cgroup: 2, Systemd: 255}},
}

// TestSystemsPage: the tables of what is too old in docs/systems.md are those that preflight judges
// by.
func TestSystemsPage(t *testing.T) {
	var floors strings.Builder
	floors.WriteString("| of the host | at least | Kubernetes | else | why |\n|---|---|---|---|---|\n")
	for _, l := range limits {
		since := "all"
		if l.from > 0 {
			since = fmt.Sprintf("from 1.%d on", l.from)
		}
		worst := map[Level]string{Warn: "warns", Fail: "fails"}[l.level]
		fmt.Fprintf(&floors, "| %s | %s | %s | `%s` %s | %s |\n", strings.TrimSpace(l.of+" "+l.on), l.least, since,
			l.check, worst, l.why)
	}
	_, newest := release.Minors()
	var kept strings.Builder
	kept.WriteString("| system | kernel | cgroups | systemd | newest Kubernetes | what warns then |\n" +
		"|---|---|---|---|---|---|\n")
	for _, s := range systems {
		minor, warnings := newestMinor(s.facts), []string{}
		for _, l := range append(brokenLimits(limitsCheck, minor, s.facts),
			brokenLimits("CgroupVersion", minor, s.facts)...) {
			warnings = append(warnings, l.of+" older than "+l.least)
		}
		version := fmt.Sprintf("1.%d", minor)
		switch minor {
		case 0:
			version, warnings = "none", nil
			for _, l := range brokenLimits(limitsCheck, newest, s.facts) {
				if l.level == Fail && l.from == 0 {
					warnings = append(warnings, l.of+" older than "+l.least)
				}
			}
		case newest:
			version += ", the newest"
		}
		fmt.Fprintf(&kept, "| %s | %s | v%d | %d | %s | %s |\n", s.name, s.facts.Kernel, s.facts.Cgroup,
			s.facts.Systemd, version, strings.Join(warnings, "; "))
	}
	golden.Sections(t, "../../docs/systems.md", map[string]string{"limits": floors.String(), "newest": kept.String()})
}

// TestNewestMinor: a host of Enterprise Linux 7 is told which Kubernetes it can have.
func TestNewestMinor(t *testing.T) {
	s := good(t)
	h := &s.Hosts[1]
	h.Facts.Kernel, h.Facts.Cgroup, h.Facts.Systemd = "3.10.0-1160.el7.x86_64", 1, 219
	for _, f := range Judge(s, nil) {
		if f.ID == limitsCheck && f.Level == Fail {
			if !strings.Contains(f.Hint, "the newest Kubernetes for this host is 1.34") {
				t.Errorf("hint %q", f.Hint)
			}
			return
		}
	}
	t.Error("no failure")
}

func TestEnterpriseBuild(t *testing.T) {
	for kernel, want := range map[string]int{
		"3.10.0-1160.el7.x86_64": 1160, "3.10.0-693.21.1.el7.x86_64": 693, "3.10.0-4-amd64": 0,
		"4.18.0-553.el8.x86_64": 0, "3.10.0-x.el7": 0, "": 0,
	} {
		if got := enterpriseBuild(kernel); got != want {
			t.Errorf("%s: %d, want %d", kernel, got, want)
		}
	}
}
