package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hierarchy is one mounted cgroup tree.
type hierarchy struct {
	mount string // where it is mounted
	path  string // the caller's own cgroup in it, as a directory
	v2    bool
}

// hierarchies returns all cgroup trees of the machine: one per controller on cgroup v1, and the
// unified one, which is there besides on hybrid machines, and alone on others.
func hierarchies() ([]hierarchy, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	found := parseHierarchies(string(mounts), string(own))
	if len(found) == 0 {
		return nil, errors.New("no cgroup file system is mounted")
	}
	return found, nil
}

// parseHierarchies reads proc_pid_mountinfo(5) and the cgroups(7) file of the same process.
func parseHierarchies(mounts, own string) []hierarchy {
	paths := map[string]string{} // by controller; "" for the unified tree
	for line := range strings.Lines(own) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		for _, controller := range strings.Split(f[1], ",") {
			paths[controller] = f[2]
		}
	}
	var found []hierarchy
	for line := range strings.Lines(mounts) {
		head, tail, _ := strings.Cut(line, " - ")
		h, t := strings.Fields(head), strings.Fields(tail)
		if len(h) < 5 || len(t) < 3 || (t[0] != "cgroup" && t[0] != "cgroup2") {
			continue
		}
		tree := hierarchy{mount: h[4], v2: t[0] == "cgroup2"}
		path, ok := paths[""]
		if !tree.v2 {
			ok = false
			for _, option := range strings.Split(t[2], ",") {
				if p, has := paths[option]; has && option != "" {
					path, ok = p, true
				}
			}
		}
		rel, err := filepath.Rel(h[3], path)
		if !ok || err != nil || slices.ContainsFunc(found, func(f hierarchy) bool { return f.mount == tree.mount }) {
			continue
		}
		tree.path = filepath.Join(tree.mount, rel)
		found = append(found, tree)
	}
	return found
}

// labCgroups returns the directories of a lab, one in each hierarchy. On cgroup v1 they are below
// the caller's own, so that limits on the caller hold for the lab. On v2 a cgroup with processes
// may not have children with controllers, so they are at the root.
func labCgroups(id string) ([]string, error) {
	trees, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, t := range trees {
		parent := t.path
		if t.v2 {
			parent = t.mount
		}
		dirs = append(dirs, filepath.Join(parent, cgroupOf(id)))
	}
	return dirs, nil
}

// cgroupOf is the name of a lab's own directory in each hierarchy.
func cgroupOf(id string) string { return "kbootstrap-lab-" + id }

// makeCgroup makes a directory of a hierarchy ready for processes. Its parent must be there.
//
// Without a subtree of its own in every hierarchy, two hosts' kubelets share /kubepods and delete
// each other's pods.
func makeCgroup(dir string) error {
	parent := filepath.Dir(dir)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// A new cpuset is empty on v1, and refuses processes.
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, file))
		if _, v2 := os.Stat(filepath.Join(dir, "cgroup.controllers")); err != nil || v2 == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, file), value, 0o644); err != nil {
			return err
		}
	}
	// On v2 a controller is there only when the parent passes it on.
	controllers, err := os.ReadFile(filepath.Join(parent, "cgroup.controllers"))
	if err != nil {
		return nil //nolint:nilerr // not v2
	}
	for _, c := range strings.Fields(string(controllers)) {
		// One that cannot be passed on is one that the hosts do not have.
		_ = os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+"+c), 0o644)
	}
	return nil
}

// cgroupPIDs returns the processes below a cgroup directory; none when it is gone.
func cgroupPIDs(dir string) []int {
	var pids []int
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // it went away while we looked
		}
		text, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		for _, f := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(f); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
		return nil
	})
	return pids
}

// clearCgroups kills all that is in the directories, and removes them.
func clearCgroups(ctx context.Context, dirs []string) error {
	return poll(ctx, func() error {
		var left error
		for _, dir := range dirs {
			pids := cgroupPIDs(dir)
			for _, pid := range pids {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone by now; the next look tells
			}
			if len(pids) > 0 {
				left = fmt.Errorf("%s: processes %v do not die", dir, pids)
			} else if err := removeCgroup(dir); err != nil {
				left = err
			}
		}
		return left
	})
}

// removeCgroup removes the directory and those below it. The files in a cgroup cannot be removed,
// they go with it.
func removeCgroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, removeCgroup(filepath.Join(dir, e.Name())))
		}
	}
	if rm := os.Remove(dir); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}

// poll tries until there is no error. When the context ends it returns the last error.
func poll(ctx context.Context, try func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
