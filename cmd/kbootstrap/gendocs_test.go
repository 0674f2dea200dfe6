package main

import (
	"context"
	"fmt"
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
	for _, hidden := range []string{"kbootstrap_node.md", "kbootstrap_gen-docs.md"} {
		if pages[hidden] != "" {
			t.Errorf("there is a page of a hidden command, %s", hidden)
		}
	}
}
