package light

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// entered says in the environment of a process that Enter has started it.
const entered = "KBOOTSTRAP_LIGHT"

// Enter starts this program once more, in network, mount and process namespaces of its own, waits
// for its end and returns its exit code. In the program that it has started, it prepares the
// namespaces and returns inside as true. When that program ends, however it does, the kernel ends
// all light hosts and removes their interfaces and mounts.
func Enter(ctx context.Context) (inside bool, code int, err error) {
	if os.Getenv(entered) != "" {
		// Programs that are started from here must not take themselves for this one.
		return true, 0, errors.Join(os.Unsetenv(entered), prepare(ctx))
	}
	self, err := os.Executable()
	if err != nil {
		return false, 1, err
	}
	cmd := exec.CommandContext(ctx, self, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), entered+"=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		// A Ctrl-C comes through the context.
		Setpgid: true,
	}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return false, exit.ExitCode(), nil
	}
	if err != nil {
		return false, 1, fmt.Errorf("enter new namespaces: %w", err)
	}
	return false, 0, nil
}

// prepare mounts what belongs to the new namespaces.
func prepare(ctx context.Context) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return ip(ctx, "link set lo up")
}
