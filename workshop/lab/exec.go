package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Command prepares a command that runs as root in the host, in all its namespaces and with the
// environment of a login. Its streams are for the caller to set; by default they lead nowhere.
func (l *Lab) Command(ctx context.Context, host string, argv ...string) (*exec.Cmd, error) {
	s, err := readState(l.dir)
	if err != nil {
		return nil, err
	}
	h, err := s.host(host)
	if err != nil {
		return nil, err
	}
	if s.Spec.VM {
		return s.vmCommand(ctx, *h, argv...)
	}
	leader := h.Nspawn.leader()
	if leader == 0 {
		return nil, hintedError{fmt.Errorf("%s: it is off", host), "switch it on: kblab start " + host}
	}
	cgroups, err := cgroupsOf(leader)
	if err != nil {
		return nil, err
	}
	enter := append([]string{"nsenter", "--target=" + strconv.Itoa(leader), "--mount", "--uts", "--ipc", "--net",
		"--pid",
		"--cgroup", "--root", "--"}, loginEnvironment(argv...)...)
	full := inCgroups(cgroups, enter...)
	path, err := exec.LookPath(full[0])
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, path, full[1:]...), nil
}

// loginEnvironment prefixes a command so that it has the environment of a login of root's.
func loginEnvironment(argv ...string) []string {
	env := []string{"env", "--chdir=/root", "-i", "HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash",
		"LANG=C.UTF-8", "PATH=" + searchPath}
	if term := os.Getenv("TERM"); term != "" {
		env = append(env, "TERM="+term)
	}
	return append(env, argv...)
}

// Exec runs a command as root in the host. The error is an *exec.ExitError when the command's exit
// code is not 0.
func (l *Lab) Exec(ctx context.Context, host string, argv []string, stdin io.Reader, stdout, stderr io.Writer) error {
	cmd, err := l.Command(ctx, host, argv...)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %s: %w", host, argv[0], err)
	}
	return nil
}

// cgroupsOf returns the directories of the cgroups that a process is in, so that another can join
// it there.
func cgroupsOf(pid int) ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	its, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, tree := range parseHierarchies(string(mounts), string(its)) {
		// A tree that is mounted from below its root may not show where the process is.
		if !strings.Contains(tree.path, "..") {
			dirs = append(dirs, tree.path)
		}
	}
	return dirs, nil
}
