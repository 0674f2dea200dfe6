package components

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// command is a program to run.
type command struct {
	dir  string   // working directory; empty means this process's
	env  []string // added to this process's environment
	argv []string
}

// run runs the program and returns what it printed on both outputs. The error holds the end of it.
//
// The program gets a process group of its own, which is interrupted as a whole when ctx ends: go
// build then removes its temporary directory, and its compilers end with it.
func run(ctx context.Context, c command) (string, error) {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		// A child that was being forked when the signal came did not get it: signals are blocked
		// around a fork.
		if cmd.Process != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(c.argv[0]), err, lastLines(string(out), 20))
	}
	return string(out), nil
}

// lastLines is the end of a program's output, where the cause stands, without the compiler's notes
// on downloads.
func lastLines(out string, n int) string {
	var lines []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "go: downloading ") {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines[max(0, len(lines)-n):], ""))
}

// MissingTool is the error of Build when a program that it needs is not installed.
type MissingTool struct {
	Tool string // "gcc"
}

func (e MissingTool) Error() string { return e.Tool + " is not installed" }

// Hint says how to get the tool.
func (e MissingTool) Hint() string {
	switch e.Tool {
	case "go":
		return "install Go, https://go.dev/doc/install"
	case "gcc":
		return "install a C compiler and the static C library: apt-get install gcc libc6-dev"
	case "pkg-config":
		return "install pkg-config: apt-get install pkg-config"
	case "libseccomp":
		return "install the C library that runc is linked with: apt-get install libseccomp-dev"
	case "apt-get", "dpkg-deb":
		return "tini and busybox come from Debian's packages: build the mirror on Debian and copy it"
	}
	return ""
}

// findTools fails with MissingTool when one of the programs is not in PATH.
func findTools(tools []string) error {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); errors.Is(err, exec.ErrNotFound) {
			return MissingTool{tool}
		} else if err != nil {
			return err
		}
	}
	return nil
}
