//go:build e2e && systems

package node

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kbootstrap/resource"
)

// emulator runs programs for arm64 on other processors (package qemu-user-static).
const emulator = "qemu-aarch64-static"

// TestArm64 speaks to a node that was built for arm64, by the emulator of that processor: it tells
// its facts, and carries out a step. What it writes to is its own.
func TestArm64(t *testing.T) {
	program := filepath.Join(t.TempDir(), "kbootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "kbootstrap/cmd/kbootstrap")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	command := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-euc",
		`for dir in /run /var/lib /opt; do mount -t tmpfs tmpfs $dir; done; exec "$@"`, "sh", emulator, program, "node")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(out)
	if line, err := reader.ReadString('\n'); err != nil || line != Sentinel {
		t.Fatalf("the node began with %q: %v", line, err)
	}
	client := NewClient(emulated{reader, in})
	facts, err := client.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if facts.Arch != "arm64" || facts.OS.ID == "" || len(facts.Interfaces) == 0 || facts.MemoryBytes == 0 {
		t.Errorf("the facts are %+v", facts)
	}
	if err := client.Lock(t.Context(), Holder{Command: "test"}); err != nil {
		t.Fatal(err)
	}
	wanted := []resource.Resource{resource.File{Path: "/run/emulated/file", Content: []byte("text\n")}}
	for i, want := range []int{1, 0} {
		changes := 0
		err := client.Converge(t.Context(), "base", wanted, func(e Event) {
			if e.Kind == EventChange {
				changes++
			}
		})
		if err != nil || changes != want {
			t.Errorf("run %d: %d changes, want %d: %v", i+1, changes, want, err)
		}
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("the node ended: %v", err)
	}
}

// emulated is the standard input and output of a node.
type emulated struct {
	io.Reader
	io.WriteCloser
}
