package contributing_test

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/workshop/contributing"
)

// TestPage builds the tool with the component of the page, and holds it to the laws of plans.
func TestPage(t *testing.T) {
	dir := t.TempDir()
	if err := contributing.Apply("../..", dir); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	if out := run("gofmt", "-l", "provision/component"); out != "" {
		t.Errorf("not formatted: %s", out)
	}
	run("go", "vet", "./provision/component")
	run("go", "build", "-buildvcs=false", "-o", "kbootstrap", "./cmd/kbootstrap")
	laws := run("go", "test", "-run", "^(TestLaws|TestComponentsNameEachOther)$", "./provision/plan")
	if !strings.HasPrefix(laws, "ok") {
		t.Error(laws)
	}
	known := strings.Split(run("./kbootstrap", "__complete", "up", "--only", ""), "\n")
	if !slices.Contains(known, contributing.Component) {
		t.Errorf("the tool knows no component %s: %q", contributing.Component, known)
	}
}
