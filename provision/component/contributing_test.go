package component_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// example is a file of the page for contributors, or a change of one.
var example = regexp.MustCompile("(?m)^`((?:provision|templates)/[^`]+)`\n\n```(go|yaml|diff)\n((?s:.*?))^```$")

// TestContributing builds the tool with the component of docs/contributing.md, as the page has it, and
// holds it to the laws of plans.
func TestContributing(t *testing.T) {
	const root = "../.."
	page, err := os.ReadFile(filepath.Join(root, "docs/contributing.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copySources(t, root, dir)
	examples := example.FindAllStringSubmatch(string(page), -1)
	if len(examples) != 3 {
		t.Fatalf("%d examples, want a Go file, a manifest and the line in the table of contents", len(examples))
	}
	for _, e := range examples {
		path := filepath.Join(dir, e[1])
		text := e[3]
		if e[2] == "diff" {
			text = patched(t, path, e[3])
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
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
	run("go", "vet", "-trimpath", "./provision/component")
	run("go", "build", "-trimpath", "-buildvcs=false", "-o", "kbootstrap", "./cmd/kbootstrap")
	if out := run("go", "test", "-trimpath", "-run", "^(TestLaws|TestComponentsNameEachOther)$", "./provision/plan"); !strings.HasPrefix(out, "ok") {
		t.Error(out)
	}
	known := strings.Split(run("./kbootstrap", "__complete", "up", "--only", ""), "\n")
	if !slices.Contains(known, "quiet") {
		t.Errorf("the tool knows no component quiet: %q", known)
	}
}

// copySources copies what the product and its tests are built from.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "docs", "workshop"}, name):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// patched is a file after a change that adds lines behind one that is there once.
func patched(t *testing.T, path, diff string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var before, after []byte
	for line := range strings.Lines(diff) {
		if !strings.HasPrefix(line, "+") {
			before = append(before, line[1:]...)
		}
		after = append(after, line[1:]...)
	}
	if bytes.Count(text, before) != 1 {
		t.Fatalf("%s has this not once:\n%s", path, before)
	}
	return string(bytes.Replace(text, before, after, 1))
}
