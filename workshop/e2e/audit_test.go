//go:build e2e && hosts

package e2e

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// TestHostsAudit audits a cluster of each profile, and one of which ten settings were weakened by
// hand on its hosts: just these are found, `up` mends what is the tool's, and the rest is taken
// away by hand.
func TestHostsAudit(t *testing.T) {
	l := newLab(t, "audit", "--control-planes", "1", "--workers", "1")
	l.up()
	isClean(l, "default")
	// Without a registry in reach no pod can pull its images always (1.2.11).
	cis := failing(l.audit("--profile", "cis"))
	if want := append([]string{"1.2.3", "1.2.9", "5.1.5"}, baselineChecks...); !same(cis, want) {
		t.Errorf("judged by cis, a cluster of the default profile fails %q, want %q", cis, want)
	}
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"the configuration for kube-bench", benchFinds},
		{"ten settings weakened", tenWeakened},
		{"the profile cis", cisPasses},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// baselineChecks are those that a policy for pods is asked for by.
var baselineChecks = []string{"5.2.1", "5.2.2", "5.2.3", "5.2.4", "5.2.5", "5.2.10", "5.2.11", "5.2.12"}

// auditResult is what a program reads of an audit: docs/schema/document.json has the rest.
type auditResult struct {
	Count  map[string]int
	Checks []struct {
		ID, Result, Remedy string
		Findings           []struct{ Host, Result, Evidence string }
	}
}

// evidence is what was seen with a result, a line for each host.
func (a auditResult) evidence(id, result string) string {
	var lines []string
	for _, c := range a.Checks {
		for _, f := range c.Findings {
			if c.ID == id && f.Result == result {
				lines = append(lines, strings.TrimPrefix(f.Host+": "+f.Evidence, ": "))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// audit is the result of an audit as a program has it; its exit code is what the result says.
func (l *lab) audit(arguments ...string) auditResult {
	l.t.Helper()
	r := l.run(2*time.Minute, append([]string{"audit", "-i", l.inventory, "-o", "json"}, arguments...)...)
	var document struct{ Result auditResult }
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		l.fatalf("audit: exit %d: %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	a, want := document.Result, 0
	switch {
	case a.Count["fail"] > 0:
		want = 7
	case a.Count["unknown"] > 0:
		want = 6
	}
	if len(a.Checks) == 0 || r.code != want {
		l.fatalf("audit: exit %d, want %d\n%s%s", r.code, want, r.stdout, r.stderr)
	}
	return a
}

// failing are the checks that fail or could not look.
func failing(a auditResult) []string {
	var ids []string
	for _, c := range a.Checks {
		if c.Result == "fail" || c.Result == "unknown" {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// isClean checks that nothing fails by a profile, and that what a person has to look at says why.
func isClean(l *lab, profile string) {
	l.t.Helper()
	a := l.audit("--profile", profile)
	for _, c := range a.Checks {
		if slices.Contains(failing(a), c.ID) {
			l.t.Errorf("%s: %s: %s: %s", profile, c.ID, c.Result, a.evidence(c.ID, c.Result))
		}
		if c.Result == "manual" && (a.evidence(c.ID, c.Result) == "" || c.Remedy == "") {
			l.t.Errorf("%s: %s is for a person to look at, and says not why", profile, c.ID)
		}
	}
	if a.Count["pass"] < 100 {
		l.t.Errorf("%s: only %d checks pass", profile, a.Count["pass"])
	}
}

// weakened are settings, how each is weakened, and which checks are about it.
var weakened = []struct {
	host, shell string
	checks      []string
	evidence    string // of the first check
}{
	{"cp1", "chmod 644 /etc/kubernetes/scheduler.conf", []string{"1.1.15", "KB.2"},
		"/etc/kubernetes/scheduler.conf is 0644"},
	{"cp1", "chown root:daemon /etc/kubernetes/controller-manager.conf", []string{"1.1.18", "KB.2"},
		"belongs to root:daemon instead of root:root"},
	{"cp1", "chmod 644 /etc/kubernetes/pki/apiserver.key", []string{"1.1.21", "KB.2"}, "apiserver.key is 0644"},
	{"cp1", "sed -i s/--profiling=false/--profiling=true/ /etc/systemd/system/kube-apiserver.service",
		[]string{"1.2.15"}, `is "true", which must be false`},
	{"cp1", "sed -i /--audit-log-path/d /etc/systemd/system/kube-apiserver.service", []string{"1.2.16"}, "is not set"},
	{"cp1", "sed -i /--peer-cert-allowed-cn/d /etc/systemd/system/etcd.service", []string{"KB.14"}, "is not set"},
	{"cp1", `mkdir -p /etc/systemd/system/kube-scheduler.service.d; umask 077
printf '[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN\n' >/etc/systemd/system/kube-scheduler.service.d/90-own.conf`,
		[]string{"KB.12"}, "may have CAP_SYS_ADMIN"},
	{"w1", "sed -i '/anonymous:/{n;s/false/true/}' /var/lib/kubelet/config.yaml", []string{"4.2.1"}, `is "true"`},
	{"w1", "sed -i 's/^metricsBindAddress: .*/metricsBindAddress: 0.0.0.0:10249/' /var/lib/kube-proxy/config.yaml",
		[]string{"4.3.1", "KB.3"}, "0.0.0.0:10249"},
	{"cp1", "kubectl create clusterrolebinding weak --clusterrole=cluster-admin --serviceaccount=default:default",
		[]string{"5.1.1"}, "ServiceAccount default/default by weak"},
	{"cp1", "kubectl create clusterrolebinding open --clusterrole=view --user=system:anonymous", []string{"KB.9"},
		"User system:anonymous by open"},
}

func tenWeakened(t *testing.T, l *lab) {
	var want []string
	for _, w := range weakened {
		l.exec(w.host, "sh", "-c", w.shell)
		want = append(want, w.checks...)
	}
	l.exec("cp1", "sh", "-c",
		"systemctl daemon-reload; systemctl restart etcd kube-apiserver kube-scheduler kube-controller-manager")
	l.exec("w1", "systemctl", "restart", "kubelet", "kube-proxy")
	l.eventually(2*time.Minute, "the API answers", contains("ok"), "cp1", "kubectl", "get", "--raw", "/readyz")
	l.eventually(2*time.Minute, "the controller manager answers", contains("ok"), "cp1", "curl", "-ks",
		"https://127.0.0.1:10257/healthz")
	l.eventually(2*time.Minute, "the kubelet tells how it runs", contains(`"anonymous":{"enabled":true}`), "cp1",
		"kubectl", "get", "--raw", "/api/v1/nodes/w1/proxy/configz")
	slices.Sort(want)
	want = slices.Compact(want)
	a := l.audit()
	if found := failing(a); !same(found, want) {
		t.Errorf("found %q, want %q", found, want)
		for _, c := range a.Checks {
			if c.Result == "fail" || c.Result == "unknown" {
				t.Logf("%s: %s: %s", c.ID, c.Result, a.evidence(c.ID, c.Result))
			}
		}
	}
	text := l.run(time.Minute, "audit", "-i", l.inventory)
	junit := l.run(time.Minute, "audit", "-i", l.inventory, "-o", "junit", "-q")
	if text.code != 7 || junit.code != 7 {
		t.Errorf("exit %d and %d, want 7", text.code, junit.code)
	}
	var read struct {
		Suites []struct {
			Cases []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(junit.stdout), &read); err != nil || len(read.Suites) == 0 {
		t.Fatalf("%v in\n%s", err, junit.stdout)
	}
	for _, w := range weakened {
		says(t, text.stdout, w.evidence)
		if !slices.ContainsFunc(read.Suites, func(s struct {
			Cases []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
			} `xml:"testcase"`
		}) bool {
			for _, c := range s.Cases {
				if c.Failure != nil && strings.HasPrefix(c.Name, w.checks[0]+" ") {
					return true
				}
			}
			return false
		}) {
			t.Errorf("JUnit has no failure of %s", w.checks[0])
		}
	}

	// What the tool did not make it does not take away.
	l.exec("cp1", "rm", "/etc/systemd/system/kube-scheduler.service.d/90-own.conf")
	l.exec("cp1", "sh", "-c", "systemctl daemon-reload; systemctl restart kube-scheduler")
	l.up()
	if found := failing(l.audit()); !same(found, []string{"5.1.1", "KB.9"}) {
		t.Errorf("after up: %q, want the two foreign bindings", found)
	}
	l.kubectl("delete", "clusterrolebinding", "weak", "open")
	isClean(l, "default")
	l.upAgain()
}

func cisPasses(_ *testing.T, l *lab) {
	const set = "artifacts: {mirror"
	l.edit(set, "security: {profile: cis}\n"+set)
	l.up()
	isClean(l, "cis")
	l.upAgain()
}

// benchFinds checks that every path in the configuration for kube-bench is there on a control
// plane that is an etcd host and a node too.
func benchFinds(t *testing.T, l *lab) {
	dir := t.TempDir()
	l.must(time.Minute, "audit", "-i", l.inventory, "--kube-bench", dir)
	text, err := os.ReadFile(filepath.Join(dir, "cis-1.12", "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil || config["master"] == nil || config["node"] == nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	paths := regexp.MustCompile(`(?m)[ :-] (/[^\s#]+)$`).FindAllStringSubmatch(string(text), -1)
	if len(paths) < 10 {
		t.Fatalf("only %d paths in\n%s", len(paths), text)
	}
	for _, p := range paths {
		l.exec("cp1", "test", "-e", p[1])
	}
}
