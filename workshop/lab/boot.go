package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

var (
	//go:embed scripts/boot.sh
	bootScript string
	//go:embed scripts/join.sh
	joinScript string
	//go:embed scripts/forward.sh
	forwardScript string
)

// fuse is the device of file systems that programs serve.
const fuse = "/dev/fuse"

// searchPath is what a login shell of root has on Debian.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func (s state) hostDir(host string) string { return filepath.Join(s.Spec.Dir, hostsDir, host) }

// hostCgroups returns the host's own directory in each hierarchy.
func (s state) hostCgroups(host string) []string {
	dirs := make([]string, len(s.Cgroups))
	for i, dir := range s.Cgroups {
		dirs[i] = filepath.Join(dir, host)
	}
	return dirs
}

// forwardCgroups is where the host's forwarder is, which outlives the host's restarts.
func (s state) forwardCgroups(host string) []string { return s.hostCgroups(host + ".forward") }

// inCgroups prefixes a command so that it runs in the cgroups.
func inCgroups(dirs []string, argv ...string) []string {
	join := append([]string{"sh", "-euc", joinScript, "sh"}, dirs...)
	return append(append(join, "--"), argv...)
}

// boot starts the host's nspawn, or its kernel, and returns as soon as it runs; systemd has then
// yet to start.
func (s state) boot(h hostState) (process, error) {
	if h.Base == "" {
		return process{}, hintedError{errors.New("an earlier kblab made this host"),
			"take the lab down: kblab down --dir " + s.Spec.Dir}
	}
	if s.Spec.VM {
		return s.bootVM(h)
	}
	dir, machine, netns := s.hostDir(h.Name), "kbl-"+s.ID+"-"+h.Name, s.hostNetns(h.Name)
	nspawn := []string{
		"systemd-nspawn", "--quiet", "--settings=no", "--directory=root", "--boot", "--register=no", "--keep-unit",
		"--machine=" + machine, "--hostname=" + h.Name, "--uuid=" + h.MachineID,
		"--capability=all", "--private-users=no", "--network-namespace-path=" + netnsPath(netns),
		"--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=read-only",
		"--bind=/dev/kmsg", // the kubelet reads it to learn of processes that ran out of memory
	}
	if _, err := os.Stat(fuse); err == nil {
		nspawn = append(nspawn, "--bind="+fuse) // file systems of programs, such as a client of NFS
	}
	for _, d := range dataDirs() {
		nspawn = append(nspawn, "--bind="+dataPath(dir, d)+":"+d)
	}
	if err := s.makeCgroups(s.hostCgroups(h.Name)); err != nil {
		return process{}, err
	}
	argv := []string{"unshare", "--mount", "--propagation=slave", "--", "sh", "-euc", bootScript, "sh", h.Base}
	// The namespace is entered here too, so that /sys is mounted from within it.
	argv = append(argv, inNetns(netns, nspawn...)...)
	env := []string{
		"SYSTEMD_SECCOMP=0",
		// With "1", all of /sys is writable and systemd waits for udev for ever.
		"SYSTEMD_NSPAWN_API_VFS_WRITABLE=network",
		// A cgroup namespace on v1 too: the host's own subtree is what it sees as the whole tree.
		"SYSTEMD_NSPAWN_USE_CGNS=1",
	}
	return daemon(dir, "console.log", env, nil, inCgroups(s.hostCgroups(h.Name), argv...))
}

// forward starts the process that hands connections on the listener to the host's sshd. It listens
// in the machine's network namespace and dials from the gateway of the host's NAT, as VirtualBox
// does.
func (s state) forward(h Host, l *net.TCPListener) (process, error) {
	proxy, err := socketProxy()
	if err != nil {
		return process{}, err
	}
	socket, err := l.File()
	if err != nil {
		return process{}, err
	}
	defer socket.Close()
	if err := s.makeCgroups(s.forwardCgroups(h.Name)); err != nil {
		return process{}, err
	}
	argv := append([]string{"sh", "-euc", forwardScript, "sh"}, inNetns(s.natNetns(h.Name), proxy, "10.0.2.15:22")...)
	return daemon(s.hostDir(h.Name), "forward.log", nil, socket, inCgroups(s.forwardCgroups(h.Name), argv...))
}

// daemon starts a process that outlives this one: in a session of its own, its output in a file.
func daemon(dir, log string, env []string, socket *os.File, argv []string) (process, error) {
	out, err := os.OpenFile(filepath.Join(dir, log), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return process{}, err
	}
	defer out.Close()
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // no context of ours may end it
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append([]string{"PATH=" + searchPath, "TERM=dumb"}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if socket != nil {
		cmd.ExtraFiles = []*os.File{socket}
	}
	if err := cmd.Start(); err != nil {
		return process{}, err
	}
	p, err := identify(cmd.Process.Pid)
	return p, errors.Join(err, cmd.Process.Release())
}

// makeCgroups makes the host's or its forwarder's directories, and the lab's above them, whose
// weight is the caller's.
func (s state) makeCgroups(dirs []string) error {
	for _, dir := range slices.Concat(s.Cgroups, dirs) {
		if err := makeCgroup(dir); err != nil {
			return fmt.Errorf("cgroup: %w", err)
		}
	}
	if err := weigh(s.Cgroups); err != nil {
		return fmt.Errorf("cgroup: %w", err)
	}
	return nil
}

// powerOn starts a host that is off, together with all around it that is not there.
func (s *state) powerOn(ctx context.Context, h *hostState) error {
	if err := s.clean(ctx, h); err != nil {
		return err
	}
	if err := s.plugIn(ctx, h, nil); err != nil {
		return err
	}
	if err := s.makeHostNetwork(ctx, h.Host); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	p, err := s.boot(*h)
	if err != nil {
		return err
	}
	h.Nspawn, h.Off = p, false
	return nil
}

// plugIn makes what the host needs while it is off, unless it is there: the cluster's network, its
// NAT, its forwarder. Without a listener it makes one for the port that the host has.
func (s *state) plugIn(ctx context.Context, h *hostState, listener *net.TCPListener) error {
	if err := errors.Join(s.makeClusterNetwork(ctx), s.makeNAT(ctx, h.Host)); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	if h.Forwarder.alive() {
		return nil
	}
	if listener == nil {
		var err error
		if listener, err = listenLoopback(h.SSHPort); err != nil {
			return err
		}
		defer listener.Close() // the forwarder has a copy
	}
	var err error
	h.Forwarder, err = s.forward(h.Host, listener)
	return err
}
