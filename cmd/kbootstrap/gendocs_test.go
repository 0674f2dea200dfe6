package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/cmd/internal/cli/clitest"
)

// docsDir is the documentation of the project, seen from this package.
const docsDir = "../../docs"

// TestDocsCLI keeps docs/cli in step with the commands.
func TestDocsCLI(t *testing.T) {
	pages := clitest.Pages(t, "kbootstrap", filepath.Join(docsDir, "cli"), func(args ...string) error {
		var stderr strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: &strings.Builder{}, stderr: &stderr}
		if code := a.run(context.Background(), args); code != exitOK {
			return fmt.Errorf("exit code %d: %s", code, stderr.String())
		}
		return nil
	})
	if len(pages) < 10 || pages["kbootstrap_up.md"] == "" {
		t.Errorf("gen-docs wrote %d pages, and these of up: %q", len(pages), pages["kbootstrap_up.md"])
	}
	for _, hidden := range []string{"kbootstrap_node.md", "kbootstrap_gen-docs.md", "kbootstrap_gen-man.md"} {
		if pages[hidden] != "" {
			t.Errorf("there is a page of a hidden command, %s", hidden)
		}
	}
}

// TestManPages: each command that people see has a page, and two of the same commit are equal.
func TestManPages(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	dir := t.TempDir()
	write := func(below string) map[string]string {
		var stderr strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: &strings.Builder{}, stderr: &stderr}
		if code := a.run(context.Background(), []string{"gen-man", filepath.Join(dir, below)}); code != exitOK {
			t.Fatalf("exit code %d: %s", code, &stderr)
		}
		return clitest.ReadPages(t, filepath.Join(dir, below))
	}
	pages := write("a")
	up := pages["kbootstrap-up.1"]
	if !strings.Contains(up, `"Nov 2023"`) || !strings.Contains(up, "--inventory") {
		t.Errorf("the page of up:\n%s", up)
	}
	documented, err := os.ReadDir(filepath.Join(docsDir, "cli"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range documented {
		page := strings.ReplaceAll(strings.TrimSuffix(d.Name(), ".md"), "_", "-") + ".1"
		if strings.HasPrefix(page, "kbootstrap") && pages[page] == "" {
			t.Errorf("there is no %s", page)
		}
	}
	for name, text := range write("b") {
		if pages[name] != text {
			t.Errorf("%s differs the second time", name)
		}
	}
}
