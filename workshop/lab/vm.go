package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/term"

	"kbootstrap/internal/shell"
)

var (
	//go:embed scripts/vm.sh
	vmScript string
	//go:embed scripts/vm-disk.sh
	vmDiskScript string
	//go:embed scripts/vm-boot
	vmBootProgram string
	//go:embed scripts/vm-boot.service
	vmBootUnit string
)

const (
	vmMemory = "2560M"
	vmDisk   = "disk.img"
	// vmDiskSize is that of the file system; the file takes what is written.
	vmDiskSize = "12G"
)

// vmPrograms is what virtual machines need besides.
func vmPrograms() []string { return []string{"mke2fs", "strip", "chroot", "ssh"} }

// vmFiles lists what a virtual machine's disk has besides what every host's has. The first disk is
// mounted as Debian's installer writes it.
func vmFiles() []file {
	files := []file{
		{path: "/etc/fstab", mode: 0o644, text: "/dev/ubda / ext4 errors=remount-ro 0 1\n" +
			"/swapfile none swap sw,nofail 0 0\n"},
		{path: "/usr/local/sbin/vm-boot", mode: 0o755, text: vmBootProgram},
		{path: "/etc/systemd/system/vm-boot.service", mode: 0o644, text: vmBootUnit},
		{path: "/etc/systemd/system/sysinit.target.wants/vm-boot.service", link: "../vm-boot.service"},
	}
	// There is one console, and it is a file.
	for _, unit := range []string{"getty@.service", "serial-getty@.service"} {
		files = append(files, file{path: "/etc/systemd/system/" + unit, link: "/dev/null"})
	}
	return files
}

// makeVMDisk makes the disk out of the layers: what the host has of its own, the kernel's modules,
// and the base.
func (s state) makeVMDisk(ctx context.Context, host, base string) error {
	layers := kernelIn(s.Kernel).modules + ":" + base
	cmd := []string{"unshare", "--mount", "--propagation=slave", "--", "sh", "-euc",
		"cd " + shell.Quote(s.hostDir(host)) + "\n" + vmDiskScript, "sh", layers, vmDiskSize}
	if err := run(ctx, "", cmd...); err != nil {
		return fmt.Errorf("disk: %w", err)
	}
	var problems []error
	for _, sub := range []string{"upper", "work", "root"} {
		problems = append(problems, os.RemoveAll(filepath.Join(s.hostDir(host), sub)))
	}
	return errors.Join(problems...)
}

// bootVM starts the host's kernel and returns as soon as it runs.
func (s state) bootVM(h hostState) (process, error) {
	if err := s.makeCgroups(s.hostCgroups(h.Name)); err != nil {
		return process{}, err
	}
	link := func(n int, ifname, mac string) string {
		// A raw socket on one end of a pair of interfaces outlives a reboot of the guest, and a tap
		// does not.
		return fmt.Sprintf("vec%d:transport=raw,ifname=%s,depth=64,gro=1,mac=%s", n, ifname, mac)
	}
	a := h.Address.As4()
	argv := []string{"unshare", "--mount", "--propagation=slave", "--", "sh", "-euc", vmScript, "sh",
		kernelIn(s.Kernel).root, netnsPath(s.hostNetns(h.Name)),
		"mem=" + vmMemory, "seccomp=on", "ubd0=/host/" + vmDisk, "root=/dev/ubda", "ro", "quiet",
		"con0=null,fd:1", "con=null", "ssl=null",
		link(0, "eth0", natMAC), link(1, "eth1", fmt.Sprintf("08:00:27:00:%02x:%02x", a[2], a[3])),
		fmt.Sprintf("lab.address=%s/%d", h.Address, clusterBits)}
	return daemon(s.hostDir(h.Name), "console.log", []string{"HOME=/tmp", "TMPDIR=/tmp"}, nil,
		inCgroups(s.hostCgroups(h.Name), argv...))
}

// stopVM has the host power itself off.
func (s state) stopVM(ctx context.Context, h hostState) error {
	cmd, err := s.vmCommand(ctx, h, "systemctl", "poweroff", "--no-block")
	if err != nil {
		return err
	}
	out, err := cmd.CombinedOutput()
	// The host may be quicker than the answer. What counts is that its kernel ends, for which the
	// caller waits.
	const connectionLost = 255
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) && exit.ExitCode() == connectionLost {
		return nil
	}
	return fmt.Errorf("%s: poweroff: %w: %s", h.Name, err, strings.TrimSpace(string(out)))
}

// killVM pulls the plug: the kernel ends between two instructions, and what it had not written to
// its disk is lost.
func killVM(h hostState) error { return h.Nspawn.signal(syscall.SIGKILL) }

// vmCommand prepares a command that runs as root in the host. Nothing leads into a kernel from
// outside but the network.
func (s state) vmCommand(ctx context.Context, h hostState, argv ...string) (*exec.Cmd, error) {
	if !h.Nspawn.alive() {
		return nil, hintedError{fmt.Errorf("%s: it is off", h.Name), "switch it on: kblab start " + h.Name}
	}
	path, err := exec.LookPath("ssh")
	if err != nil {
		return nil, err
	}
	words := append([]string{"sudo", "-n"}, loginEnvironment(argv...)...)
	for i, w := range words {
		words[i] = shell.Quote(w)
	}
	arguments := []string{"-F", "none", "-q", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
		"-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=5", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile=" + filepath.Join(s.Spec.Dir, knownHostsFile),
		"-i", filepath.Join(s.Spec.Dir, keyFile), "-p", strconv.Itoa(h.SSHPort)}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		arguments = append(arguments, "-t")
	}
	arguments = append(arguments, "vagrant@127.0.0.1", "--", strings.Join(words, " "))
	return exec.CommandContext(ctx, path, arguments...), nil
}

// vmHint adds to a command that installs packages those of virtual machines.
func vmHint(vm bool) string {
	if !vm {
		return ""
	}
	return " e2fsprogs binutils coreutils openssh-client"
}
