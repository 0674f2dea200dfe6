package resource_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// inside marks the process that runs the tests.
const inside = "KBOOTSTRAP_TEST_INSIDE"

// TestMain runs the tests in namespaces of their own, where whoever started them is root: mounts,
// interfaces and packet filters are the kernel's real ones, and nothing that a test does can reach
// the machine that it runs on.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-test.fuzzworker") { // in the namespaces of the process that looks for inputs
		os.Exit(m.Run())
	}
	if os.Getenv(inside) != "" {
		// A new network namespace has its loopback down.
		up := exec.CommandContext(context.Background(), "ip", "link", "set", "lo", "up")
		if out, err := up.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "ip link set lo up: %v: %s\n", err, out)
			os.Exit(1)
		}
		// The tests' machines are many small files, which a disk makes slowly. The mount is gone
		// with the namespace.
		if err := syscall.Mount("tmpfs", os.TempDir(), "tmpfs", 0, "mode=0700"); err != nil {
			fmt.Fprintln(os.Stderr, "a file system in memory:", err)
			os.Exit(1)
		}
		goleak.VerifyTestMain(m)
		return
	}
	dir, err := os.MkdirTemp("", "resource-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	cmd := exec.CommandContext(context.Background(), "/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1", "TMPDIR="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	err = cmd.Run()
	_ = os.Remove(dir)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests need unprivileged user namespaces:", err)
		os.Exit(1)
	}
}
