package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Process is one line of the kernel's list.
type Process struct {
	Pid, Parent int
	Exe         string
	Depth       int // how far below the program that is meant; 0 when it runs it itself
}

// Signal sends a signal; a process that is gone has had it.
func (s *System) Signal(pid int, sig syscall.Signal) error {
	step := Step{Op: OpSignal, Path: fmt.Sprintf("%s to process %d", sig, pid)}
	err := s.Step(step, func() error { return syscall.Kill(pid, sig) })
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal process %d: %w", pid, err)
	}
	return nil
}

// AllProcesses reads /proc. Kernel threads and processes that have ended have no program, and a
// process may end while it is read.
func (r Root) AllProcesses() (map[int]Process, error) {
	entries, err := os.ReadDir(r.Path("/proc"))
	if err != nil {
		return nil, err
	}
	all := map[int]Process{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := r.Path("/proc/" + e.Name())
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue
		}
		// "PID (NAME) STATE PARENT …", and the name may hold anything.
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			continue
		}
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err != nil {
			exe = "" // a kernel thread, or it is ending
		}
		all[pid] = Process{Pid: pid, Parent: parent, Exe: strings.TrimSuffix(exe, " (deleted)")}
	}
	return all, nil
}
