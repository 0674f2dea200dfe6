package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kbootstrap/internal/posix"
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
	err := s.Step(step, func() error { return posix.Kill(pid, sig) })
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

// StartOf returns the number of the process of a directory in /proc, and when it started, in ticks
// since the boot. The number is 0 when the process is gone.
func StartOf(dir string) (pid int, started uint64) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0, 0
	}
	// "PID (NAME) STATE …": the time is the 22nd field, and the name may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return 0, 0
	}
	started, err = strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0, 0
	}
	pid, err = strconv.Atoi(filepath.Base(dir))
	if err != nil {
		return 0, 0
	}
	return pid, started
}

// ticksPerSecond is the kernel's unit of times in /proc; it is 100 on all architectures that we
// know.
const ticksPerSecond = 100

// RunsSince returns how long a process has been running: 0 for one that has ended, even if its
// parent has not been told yet. It reports false where the host does not tell, as within some
// containers, whose clock began after the process.
func (s *System) RunsSince(pid int) (time.Duration, bool) {
	_, started := StartOf(s.Path("/proc/" + strconv.Itoa(pid)))
	if started == 0 {
		return 0, true
	}
	text, err := s.Read("/proc/uptime")
	first, _, _ := strings.Cut(text, " ")
	up, parse := strconv.ParseFloat(first, 64)
	if err != nil || parse != nil {
		return 0, false
	}
	age := time.Duration(up*float64(time.Second)) - time.Duration(started)*time.Second/ticksPerSecond
	return max(0, age), age > 0
}
