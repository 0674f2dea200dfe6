package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/report"
	"kbootstrap/screen"
)

func TestAuditError(t *testing.T) {
	for _, c := range []struct {
		failed, unknown, code int
		fault                 fault.Code
	}{{0, 0, exitOK, ""}, {2, 1, exitUnhealthy, fault.AuditFailed}, {0, 1, exitPartial, fault.AuditIncomplete}} {
		err := auditError(report.Audit{Count: map[string]int{"fail": c.failed, "unknown": c.unknown}})
		if exitCode(err) != c.code {
			t.Errorf("%+v: exit code %d", c, exitCode(err))
		}
		if c.fault != "" && !c.fault.Is(errors.Unwrap(err)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestAuditText: what fails comes first, with its evidence and what to do; what passes is only in
// the wide form.
func TestAuditText(t *testing.T) {
	a := report.Audit{Profile: "cis", Count: map[string]int{"fail": 1, "pass": 1}, Checks: []report.AuditCheck{
		{ID: "1.1", Title: "one", Result: "pass", Findings: []report.AuditFinding{{Host: "w1", Result: "pass",
			Evidence: "fine"}}},
		{ID: "1.2", Title: "two", Result: "fail", Remedy: "mend it", Findings: []report.AuditFinding{
			{Host: "cp1", Result: "fail", Evidence: "bad"}, {Host: "w1", Result: "pass", Evidence: "fine"},
			{Host: "w2", Result: "fail", Evidence: "bad"},
		}},
	}}
	short, wide := auditText("demo", a, screen.Options{}, false), auditText("demo", a, screen.Options{}, true)
	if !strings.Contains(short, "cp1, w2: bad") || !strings.Contains(short, "-> mend it") || strings.Contains(short,
		"one") {
		t.Errorf("short:\n%s", short)
	}
	if strings.Index(wide, "two") > strings.Index(wide, "one") {
		t.Errorf("wide:\n%s", wide)
	}
}

func TestAuditKubeBench(t *testing.T) {
	dir := t.TempDir()
	inventory := filepath.Join(dir, "hosts.yaml")
	text := "cluster: demo\nkubernetes: 1.36.3\nhosts:\n- {name: m1, address: 192.168.56.11, roles: [etcd, " +
		"control-plane, worker]}\n"
	if err := os.WriteFile(inventory, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	if code := a.run(t.Context(), []string{"audit", "-i", inventory, "--kube-bench", filepath.Join(dir,
		"b")}); code != 0 {
		t.Fatal(code, errs.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "b", "cis-1.12", "config.yaml")); err != nil {
		t.Error(err)
	}
}
