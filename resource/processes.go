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

	"kbootstrap/host"
	"kbootstrap/internal/posix"
)

// Processes are the processes that outlive their service: containerd's shims and the containers
// below them. They are wanted only as Absent, by reset, after the services are stopped.
type Processes struct {
	// Program is the path of a program, or of a directory with a slash at its end: every process
	// that runs it, or anything below the directory, is meant with all its descendants, but never
	// the caller.
	Program string
	Absent  bool
	Found   []string // only in a found value: "PID PROGRAM"
}

// ID is "processes PROGRAM".
func (ps Processes) ID() string { return "processes " + ps.Program }

// State lists the processes.
func (ps Processes) State() string { return Listed(ps.Absent, ps.Found) }

// killTimeout is how long a killed process may take to be gone: one that waits for a disk or a
// network file system does not hear the signal before.
const killTimeout = 10 * time.Second

// Observe lists the processes.
func (ps Processes) Observe(_ context.Context, sys *host.System) (Resource, error) {
	list, err := ps.list(sys)
	found := Processes{Program: ps.Program, Absent: len(list) == 0}
	for _, p := range list {
		found.Found = append(found.Found, fmt.Sprintf("%d %s", p.Pid, p.Exe))
	}
	return found, err
}

// Apply kills the processes and all their descendants. They are stopped first, because the children
// of a process that is killed while it forks would have no ancestor in the list.
func (ps Processes) Apply(ctx context.Context, sys *host.System) error {
	list, err := ps.list(sys)
	if err != nil {
		return err
	}
	if !ps.Absent {
		if len(list) == 0 {
			return errors.New("a process that was killed cannot be put back")
		}
		return nil
	}
	stopped := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for _, p := range list {
			if !stopped[p.Pid] {
				stopped[p.Pid], grown = true, true
				if err := sys.Signal(p.Pid, posix.SIGSTOP); err != nil {
					return err
				}
			}
		}
		if list, err = ps.list(sys); err != nil {
			return err
		}
	}
	// Descendants first: cut off between the two, the next run would not know those whose ancestor
	// is gone.
	slices.SortStableFunc(list, func(a, b host.Process) int { return b.Depth - a.Depth })
	for _, p := range list {
		if err := sys.Signal(p.Pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	deadline, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	// Each of them: one whose ancestors are gone already is no process's descendant any more, and
	// may still be ending.
	left := list
	err = host.Poll(deadline, startPoll, func() (bool, error) {
		all, err := sys.AllProcesses()
		left = slices.DeleteFunc(left, func(p host.Process) bool { return all[p.Pid].Exe != p.Exe })
		return len(left) == 0 && err == nil, err
	})
	if err != nil && len(left) > 0 {
		return fmt.Errorf("process %d (%s) was killed and is not gone: %w", left[0].Pid, left[0].Exe, err)
	}
	return err
}

// list lists those that are meant: who runs the program, and their descendants; not the caller, its
// ancestors and its descendants.
func (ps Processes) list(sys *host.System) ([]host.Process, error) {
	all, err := sys.AllProcesses()
	if err != nil {
		return nil, err
	}
	program := sys.Path(ps.Program)
	if resolved, err := filepath.EvalSymlinks(program); err == nil {
		program = resolved // as the kernel names it
	}
	if strings.HasSuffix(ps.Program, "/") {
		program += "/"
	}
	spared := ancestors(all, os.Getpid())
	var list []host.Process
	for _, p := range all {
		if spared[p.Pid] {
			continue
		}
		for depth, a := range lineage(all, p) {
			if a.Pid == os.Getpid() {
				break
			}
			if a.Exe == program || strings.HasSuffix(program, "/") && strings.HasPrefix(a.Exe, program) {
				p.Depth = depth
				list = append(list, p)
				break
			}
		}
	}
	slices.SortFunc(list, func(a, b host.Process) int { return a.Pid - b.Pid })
	return list, nil
}

// lineage is a process and its ancestors, nearest first.
func lineage(all map[int]host.Process, p host.Process) []host.Process {
	list := []host.Process{p}
	for len(list) <= len(all) {
		parent, ok := all[list[len(list)-1].Parent]
		if !ok {
			break
		}
		list = append(list, parent)
	}
	return list
}

func ancestors(all map[int]host.Process, pid int) map[int]bool {
	set := map[int]bool{pid: true}
	for _, p := range lineage(all, all[pid]) {
		set[p.Pid] = true
	}
	return set
}
