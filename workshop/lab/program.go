package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// The programs that a lab needs on the machine, all of them in Debian's mmdebstrap,
// systemd-container, iproute2 and util-linux, which is always there.
func programs() []string {
	return []string{"mmdebstrap", "systemd-nspawn", "ip", "nsenter", "unshare", "mount", "sh"}
}

// socketProxy is systemd's own forwarder of one socket. It splices in the kernel, so it costs next
// to nothing.
func socketProxy() (string, error) {
	for _, dir := range []string{"/usr/lib/systemd", "/lib/systemd"} {
		path := filepath.Join(dir, "systemd-socket-proxyd")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("systemd-socket-proxyd is missing")
}

// checkMachine returns why a lab, or one of virtual machines, cannot run here, or nil.
func checkMachine(vm bool) error {
	if runtime.GOOS != "linux" {
		return hintedError{fmt.Errorf("a lab needs Linux, not %s", runtime.GOOS),
			"use Vagrant here, or a Linux machine"}
	}
	if os.Geteuid() != 0 {
		return hintedError{errors.New("a lab needs root"), "run it with sudo"}
	}
	var missing []string
	needed := programs()
	if vm {
		needed = append(needed, vmPrograms()...)
	}
	for _, name := range needed {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if _, err := socketProxy(); err != nil {
		missing = append(missing, "systemd-socket-proxyd")
	}
	if len(missing) > 0 {
		return hintedError{fmt.Errorf("missing programs: %s", strings.Join(missing, ", ")),
			"apt-get install --yes mmdebstrap systemd-container iproute2" + vmHint(vm)}
	}
	return nil
}

// run runs a program to its end; what it said on standard error is in the error.
func run(ctx context.Context, stdin string, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	// mmdebstrap has children to end before it ends.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", argv[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return nil
}
