package resource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Shims are the processes that outlive their service: containerd's shims and the containers below them. They are wanted
// only as Absent, by reset, after the services are stopped.
type Shims struct {
	// Program is the path of a program, or of a directory with a slash at its end: every process that runs it, or
	// anything below the directory, is meant with all its descendants, but never the caller.
	Program string
	Absent  bool
	Found   []string // only in a found value: "PID PROGRAM"
}

// ID is "shims PROGRAM".
func (s Shims) ID() string { return "shims " + s.Program }

// State lists the processes.
func (s Shims) State() string { return listed(s.Absent, s.Found) }

// killTimeout is how long a killed process may take to be gone: one that waits for a disk or a network file system does
// not hear the signal before.
const killTimeout = 10 * time.Second

// Observe lists the processes.
func (s Shims) Observe(_ context.Context, sys *System) (Resource, error) {
	list, err := s.processes(sys)
	found := Shims{Program: s.Program, Absent: len(list) == 0}
	for _, p := range list {
		found.Found = append(found.Found, fmt.Sprintf("%d %s", p.pid, p.exe))
	}
	return found, err
}

// Apply kills the processes and all their descendants. They are stopped first, since the children of a process that is
// killed while it forks would be nobody's.
func (s Shims) Apply(ctx context.Context, sys *System) error {
	list, err := s.processes(sys)
	if err != nil {
		return err
	}
	if !s.Absent {
		if len(list) == 0 {
			return errors.New("a process that was killed cannot be put back")
		}
		return nil
	}
	stopped := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for _, p := range list {
			if !stopped[p.pid] {
				stopped[p.pid], grown = true, true
				if err := sys.signal(p.pid, syscall.SIGSTOP); err != nil {
					return err
				}
			}
		}
		if list, err = s.processes(sys); err != nil {
			return err
		}
	}
	// Descendants first: cut off between the two, the next run would not know those whose ancestor is gone.
	slices.SortStableFunc(list, func(a, b process) int { return b.depth - a.depth })
	for _, p := range list {
		if err := sys.signal(p.pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	deadline, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	err = poll(deadline, startPoll, func() (bool, error) {
		list, err = s.processes(sys)
		return len(list) == 0, err
	})
	if err != nil && len(list) > 0 {
		return fmt.Errorf("process %d (%s) was killed and is not gone: %w", list[0].pid, list[0].exe, err)
	}
	return err
}

// processes lists those that are meant: who runs the program, and their descendants; not the caller, its ancestors and
// its descendants.
func (s Shims) processes(sys *System) ([]process, error) {
	all, err := sys.allProcesses()
	if err != nil {
		return nil, err
	}
	program := sys.path(s.Program)
	if resolved, err := filepath.EvalSymlinks(program); err == nil {
		program = resolved // as the kernel names it
	}
	if strings.HasSuffix(s.Program, "/") {
		program += "/"
	}
	spared := ancestors(all, os.Getpid())
	var list []process
	for _, p := range all {
		if spared[p.pid] {
			continue
		}
		for depth, a := range lineage(all, p) {
			if a.pid == os.Getpid() {
				break
			}
			if a.exe == program || strings.HasSuffix(program, "/") && strings.HasPrefix(a.exe, program) {
				p.depth = depth
				list = append(list, p)
				break
			}
		}
	}
	slices.SortFunc(list, func(a, b process) int { return a.pid - b.pid })
	return list, nil
}

// lineage is a process and its ancestors, nearest first.
func lineage(all map[int]process, p process) []process {
	list := []process{p}
	for len(list) <= len(all) {
		parent, ok := all[list[len(list)-1].parent]
		if !ok {
			break
		}
		list = append(list, parent)
	}
	return list
}

func ancestors(all map[int]process, pid int) map[int]bool {
	set := map[int]bool{pid: true}
	for _, p := range lineage(all, all[pid]) {
		set[p.pid] = true
	}
	return set
}
