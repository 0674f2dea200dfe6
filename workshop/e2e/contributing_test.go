//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/workshop/contributing"
)

// contributed installs the component of docs/contributing.md with a tool that was built with it.
func contributed(t *testing.T, l *lab) {
	dir := t.TempDir()
	if err := contributing.Apply("../..", dir); err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(dir, "kbootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", tool,
		"./cmd/kbootstrap")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if r := l.runs(5*time.Minute, tool, "up", "-i", l.inventory); r.code != 0 {
		t.Fatalf("up: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	ready := l.kubectl("-n", "kube-system", "get", "deployment", contributing.Component, "-o",
		"jsonpath={.status.availableReplicas}")
	if strings.TrimSpace(ready) != "2" {
		t.Errorf("%q replicas are available, want 2", ready)
	}
	if r := l.runs(time.Minute, tool, "status", "-i", l.inventory); r.code != 0 ||
		!strings.Contains(r.stdout, contributing.Component) {
		t.Errorf("status: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := l.runs(time.Minute, tool, "up", "-i", l.inventory); r.code != 0 ||
		!strings.Contains(r.stdout+r.stderr, "nothing to do") {
		t.Errorf("a second up: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
