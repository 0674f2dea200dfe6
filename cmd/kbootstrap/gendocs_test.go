package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/internal/golden"

	"github.com/google/go-cmp/cmp"
)

// docsDir is the documentation of the project, seen from this package.
const docsDir = "../../docs"

// TestDocsCLI keeps docs/cli in step with the commands.
func TestDocsCLI(t *testing.T) {
	want := t.TempDir()
	var stderr strings.Builder
	a := &app{stdin: strings.NewReader(""), stdout: &strings.Builder{}, stderr: &stderr}
	if code := a.run(context.Background(), []string{"gen-docs", want}); code != exitOK {
		t.Fatalf("gen-docs: exit code %d: %s", code, stderr.String())
	}
	dir := filepath.Join(docsDir, "cli")
	if golden.Update() {
		if code := a.run(context.Background(), []string{"gen-docs", dir}); code != exitOK {
			t.Fatalf("gen-docs: exit code %d: %s", code, stderr.String())
		}
	}
	pages := readPages(t, want)
	if len(pages) < 10 || pages["kbootstrap_up.md"] == "" {
		t.Errorf("gen-docs wrote %d pages, and these of up: %q", len(pages), pages["kbootstrap_up.md"])
	}
	for _, hidden := range []string{"kbootstrap_node.md", "kbootstrap_gen-docs.md"} {
		if pages[hidden] != "" {
			t.Errorf("there is a page of a hidden command, %s", hidden)
		}
	}
	if diff := cmp.Diff(readPages(t, dir), pages); diff != "" {
		t.Errorf("%s is out of step with the commands; go test ./cmd/kbootstrap -run Docs -update\n%s", dir, diff)
	}
}

// readPages returns the text of each file in a directory by its name.
func readPages(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pages[e.Name()] = string(text)
	}
	return pages
}
