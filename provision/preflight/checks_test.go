package preflight

import (
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
)

// notOK are the findings that are not ok, as the cases have them.
func notOK(findings []Finding) []string {
	var texts []string
	for _, f := range findings {
		if f.Level != OK {
			texts = append(texts, string(f.Level)+" "+f.ID+" "+strings.Join(f.Hosts, ",")+": "+f.Evidence)
		}
	}
	return texts
}

func TestChecks(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := good(t)
			c.edit(&s)
			if got := notOK(Judge(s, nil)); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// TestGoodHosts: where nothing is wrong, every check says so, and of every host that it is about.
func TestGoodHosts(t *testing.T) {
	s := good(t)
	findings := Judge(s, nil)
	if bad := notOK(findings); bad != nil {
		t.Fatalf("found on good hosts:\n%s", strings.Join(bad, "\n"))
	}
	for _, c := range Checks() {
		if c.ID == "HostGateway" || c.ID == "Firewall" {
			continue // of another inventory
		}
		told := slices.ContainsFunc(findings, func(f Finding) bool { return c.matches(f.ID) && f.Evidence != "" })
		if !told {
			t.Errorf("%s says nothing", c.ID)
		}
	}
}

// TestEveryCheckHasACase: a check that no case makes fail, or warn when that is its worst, is not
// tested.
func TestEveryCheckHasACase(t *testing.T) {
	for _, check := range Checks() {
		if check.Worst == OK {
			continue
		}
		worst := slices.ContainsFunc(cases, func(c struct {
			name string
			edit func(s *Scene)
			want []string
		}) bool {
			return slices.ContainsFunc(c.want, func(line string) bool {
				f := strings.Fields(line)
				return f[0] == string(check.Worst) && check.matches(f[1])
			})
		})
		if !worst {
			t.Errorf("%s: no case in which it is %s", check.ID, check.Worst)
		}
		if check.Hint == "" || check.What == "" || check.Code == "" {
			t.Errorf("%s: it has no description, hint or code", check.ID)
		}
	}
}

// TestNeverWorse: no check finds more than its description says.
func TestNeverWorse(t *testing.T) {
	rank := map[Level]int{OK: 0, Warn: 1, Fail: 2}
	for _, c := range cases {
		s := good(t)
		c.edit(&s)
		for _, f := range Judge(s, nil) {
			i := slices.IndexFunc(Checks(), func(check Check) bool { return check.matches(f.ID) })
			if i < 0 {
				t.Fatalf("%s: no check has the ID %s", c.name, f.ID)
			}
			if rank[f.Level] > rank[Checks()[i].Worst] {
				t.Errorf("%s: %s is %s", c.name, f.ID, f.Level)
			}
		}
	}
}

// TestCodes: what each kind of trouble is looked up by.
func TestCodes(t *testing.T) {
	codes := map[string]fault.Code{
		"UniqueMachineID": fault.PreflightIdentity, "AddressOnHost": fault.PreflightNetwork,
		"PeerPort": fault.PreflightMesh,
		"NumCPU":   fault.PreflightCapacity, "KernelModules": fault.PreflightSystem,
		"SystemLimits":  fault.PreflightLimits,
		"StaleEtcdData": fault.PreflightLeftover,
		"ClockSkew":     fault.PreflightClock,
		"SafeVersions":  fault.WeakVersion,
		"Firewall":      fault.PreflightFirewall,
		"SELinux":       fault.PreflightSELinux,
		"CloudInit":     fault.PreflightCloud,
		"AppArmor":      fault.PreflightAppArmor,
		"MTU":           fault.PreflightPathMTU,
	}
	for _, c := range cases {
		s := good(t)
		c.edit(&s)
		for _, f := range Judge(s, nil) {
			if f.Level == OK && (f.Code != "" || f.Hint != "") {
				t.Errorf("%s is ok, and has code %q and hint %q", f.ID, f.Code, f.Hint)
			}
			if f.Level != OK && f.Hint == "" {
				t.Errorf("%s: %s: no hint", c.name, f.ID)
			}
			if want := codes[f.ID]; f.Level != OK && want != "" && f.Code != want {
				t.Errorf("%s: code %s, want %s", f.ID, f.Code, want)
			}
		}
	}
}
