package lab

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// process names a process for good: a PID is used again, but not together with its start time and
// the boot.
type process struct {
	PID   int    `json:"pid,omitempty"`
	Start uint64 `json:"start,omitempty"` // in clock ticks since the boot
	Boot  string `json:"boot,omitempty"`
}

// identify returns the running process of that PID.
func identify(pid int) (process, error) {
	st, err := stat(pid)
	if err != nil {
		return process{}, err
	}
	boot, err := bootID()
	return process{PID: pid, Start: st.start, Boot: boot}, err
}

// alive reports whether the process still runs; a zombie does not, nor does one that is on its way
// out.
func (p process) alive() bool {
	if p.PID == 0 {
		return false
	}
	st, err := stat(p.PID)
	if err != nil || st.start != p.Start {
		return false
	}
	if st.exiting {
		// A caller that lives long, such as a test, may be the parent and has to collect it; all
		// others get ECHILD.
		_, _ = syscall.Wait4(p.PID, nil, syscall.WNOHANG, nil)
		return false
	}
	boot, err := bootID()
	return err == nil && boot == p.Boot
}

// signal sends the signal, unless the process is gone.
func (p process) signal(sig syscall.Signal) error {
	if !p.alive() {
		return nil
	}
	if err := syscall.Kill(p.PID, sig); err != nil && err != syscall.ESRCH {
		return fmt.Errorf("process %d: %w", p.PID, err)
	}
	return nil
}

// status is what /proc/PID/stat tells of a process, see proc_pid_stat(5).
type status struct {
	exiting bool
	start   uint64
}

func stat(pid int) (status, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return status{}, err
	}
	return parseStat(text)
}

func parseStat(text []byte) (status, error) {
	// The command's name is in brackets and may have any character in it, a bracket too; it is the
	// second field.
	i := bytes.LastIndexByte(text, ')')
	f := strings.Fields(string(text[i+1:]))
	if i < 0 || len(f) < 20 {
		return status{}, fmt.Errorf("not a process status: %q", text)
	}
	const state, flags, startTime = 0, 6, 19 // the manual counts from 1, and f begins with its third
	bits, err := strconv.ParseUint(f[flags], 10, 64)
	if err != nil {
		return status{}, err
	}
	start, err := strconv.ParseUint(f[startTime], 10, 64)
	const pfExiting = 0x4 // linux/sched.h
	return status{exiting: bits&pfExiting != 0 || f[state] == "Z" || f[state] == "X", start: start}, err
}

func bootID() (string, error) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text)), err
}

// children returns the PIDs of the process's children.
func children(pid int) []int {
	var pids []int
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, f := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(f); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

// leader returns the host's PID 1 as seen from outside, or 0 while there is none. It is a child of
// nspawn and the first of its own PID namespace.
func (p process) leader() int {
	if !p.alive() {
		return 0
	}
	for _, pid := range children(p.PID) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.Lines(string(text)) {
			ids, found := strings.CutPrefix(line, "NSpid:")
			if f := strings.Fields(ids); found && len(f) == 2 && f[1] == "1" {
				return pid
			}
		}
	}
	return 0
}
