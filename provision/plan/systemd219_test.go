package plan_test

import (
	_ "embed"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// directivesOf219 are the keys that systemd 219 reads, one a line as Section.Key; the file says
// where they are from. Keys with a "+" came with later releases of Enterprise Linux 7 and do not
// count.
//
//go:embed testdata/systemd-219.txt
var directivesOf219 string

// valuesOf219 are the values that systemd 219 knows where later ones know more.
var valuesOf219 = map[string]string{
	"Type":           "simple forking oneshot dbus notify idle",
	"Restart":        "no on-success on-failure on-abnormal on-watchdog on-abort always",
	"KillMode":       "control-group process mixed none",
	"NotifyAccess":   "none main all",
	"ProtectSystem":  "no yes full",
	"ProtectHome":    "no yes read-only",
	"StandardOutput": "inherit null tty journal syslog kmsg socket",
	"StandardError":  "inherit null tty journal syslog kmsg socket",
	"Delegate":       "no yes",
}

// specifiers219 are those that systemd 219 expands.
const specifiers219 = "nNpPiIfcrRtUuhsmHbv"

// TestSystemd219: Enterprise Linux 7 warns of nothing in our units, and reads them as we mean them.
func TestSystemd219(t *testing.T) {
	known := strings.Fields(directivesOf219)
	inventories := fixture.EveryInventory()
	inventories["filtered"] = fixture.Ha + "firewall: configure\n"
	inventories["nfs"] = fixture.Small + "addons: {nfs: {enabled: true, server: 192.168.56.20, path: /srv/nfs}}\n"
	seen := map[string]bool{}
	for inventory, text := range inventories {
		targets := fixture.TargetsOf(t, text)
		for i := range targets {
			targets[i].Facts.Systemd = 219
		}
		for name, unit := range units(t, plan.Build(component.Components(), targets)) {
			seen[path.Base(name)] = true
			for section, assignments := range unit {
				for _, a := range assignments {
					if !slices.Contains(known, section+"."+a.Key) {
						t.Errorf("%s: %s: systemd 219 does not know %s= in [%s]", inventory, name, a.Key, section)
					}
					if problem := problemOf219(a.Key, a.value); problem != "" {
						t.Errorf("%s: %s: %s=%s: %s", inventory, name, a.Key, a.value, problem)
					}
				}
			}
		}
	}
	for _, c := range component.Components() {
		for _, unit := range c.Units {
			if !seen[unit] {
				t.Errorf("no inventory of this test has %s", unit)
			}
		}
	}
}

// inWord is a quote within a word, by which systemd 219 would split it: --flag="a b".
var inWord = regexp.MustCompile(`[^\s"]"[^"]*\s[^"]*"`)

// specifier is one that is expanded; %% is a percent sign.
var specifier = regexp.MustCompile(`%.`)

// problemOf219 says what of a value systemd 219 reads otherwise than later ones; "" if nothing.
func problemOf219(key, value string) string {
	if values, found := valuesOf219[key]; found && !slices.Contains(strings.Fields(values), value) {
		return "219 knows " + values
	}
	if strings.HasPrefix(key, "Exec") {
		if strings.HasPrefix(value, "-") || strings.HasPrefix(value, "@") {
			value = value[1:]
		}
		if strings.IndexAny(value, "+!:") == 0 {
			return "219 knows the prefixes - and @"
		}
		if inWord.MatchString(value) {
			return "219 splits a word that has its quotes inside"
		}
	}
	if strings.HasPrefix(key, "Timeout") && value == "infinity" {
		return "219 takes 0 for no timeout"
	}
	if strings.HasPrefix(key, "Limit") && value != "infinity" {
		if _, err := strconv.Atoi(value); err != nil {
			return "219 takes one number, or infinity"
		}
	}
	for _, found := range specifier.FindAllString(value, -1) {
		if found != "%%" && !strings.Contains(specifiers219, found[1:]) {
			return "219 does not expand " + found
		}
	}
	return ""
}

// TestProblemOf219: the law above notices what it is for.
func TestProblemOf219(t *testing.T) {
	for _, bad := range [][2]string{
		{"Type", "exec"}, {"ProtectSystem", "strict"}, {"ExecStartPre", "+/bin/true"}, {"ExecStart", "-!/bin/true"},
		{"ExecStart", `/bin/x --flag="a b"`}, {"TimeoutStartSec", "infinity"}, {"LimitCORE", "0:infinity"},
		{"ExecStart", "/bin/x %C"}, {"Delegate", "cpu memory"}, {"StandardOutput", "append:/var/log/x"},
	} {
		if problemOf219(bad[0], bad[1]) == "" {
			t.Errorf("%s=%s passes", bad[0], bad[1])
		}
	}
	for _, good := range [][2]string{
		{"ExecStart", `/bin/x "--flag=a b" --other=50%% %n`}, {"ExecStartPre", "-/bin/true"}, {"LimitCORE", "0"},
		{"LimitNOFILE", "infinity"}, {"TimeoutStartSec", "0"}, {"Delegate", "yes"},
	} {
		if problem := problemOf219(good[0], good[1]); problem != "" {
			t.Errorf("%s=%s: %s", good[0], good[1], problem)
		}
	}
}
