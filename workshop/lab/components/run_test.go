package components

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Every process that a command started ends with it. They all hold a pipe open, which therefore
// ends with the last.
func TestRunEndsTheWholeGroup(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		// sh waits for its child, as go does for the compiler.
		_, err := run(ctx, command{argv: []string{"sh", "-c", `exec 3>"$0"; echo started >&3; sleep 1000; :`, pipe}})
		ended <- err
	}()
	f, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the cancellation", err)
	}
}

func TestRunErrorHasTheCause(t *testing.T) {
	_, err := run(t.Context(), command{argv: []string{
		"sh", "-c", "echo go: downloading x >&2; for i in $(seq 50); do echo line $i; done; echo the cause >&2; exit 3",
	}})
	if err == nil || !strings.HasPrefix(err.Error(), "sh: exit status 3: line ") ||
		!strings.HasSuffix(err.Error(), "the cause") || strings.Count(err.Error(), "\n") != 19 {
		t.Errorf("error is %v", err)
	}
}

func TestMissingToolHasAHint(t *testing.T) {
	seen := make(map[string]bool)
	recipes, err := catalogue("", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recipes {
		for _, tool := range r.Source.tools() {
			seen[tool] = true
			if (MissingTool{tool}).Hint() == "" {
				t.Errorf("%s: no hint", tool)
			}
		}
	}
	if (MissingTool{"libseccomp"}).Hint() == "" {
		t.Error("libseccomp: no hint")
	}
	if !seen["go"] || !seen["gcc"] || !seen["dpkg-deb"] || !seen["pkg-config"] {
		t.Errorf("the recipes need %v", seen)
	}
}
