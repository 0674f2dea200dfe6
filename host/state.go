package host

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/host/surroundings"
	"kbootstrap/internal/posix"
)

// The states of a kernel module.
const (
	ModulePresent   = "present"   // loaded, or built into the kernel
	ModuleAvailable = "available" // the kernel can load it
	ModuleMissing   = "missing"
	ModuleUnknown   = "unknown" // the host does not have the list of its kernel's modules, as a container has not
)

// ModuleState reports whether the kernel has a module.
type ModuleState struct{ Name, State string }

// features are signs of a module that is in the kernel, whoever put it there.
var features = map[string]string{
	"br_netfilter": "/proc/sys/net/bridge/bridge-nf-call-iptables",
	"nf_conntrack": "/proc/sys/net/netfilter/nf_conntrack_max",
}

func (s surveyor) modules(names []string) []ModuleState {
	found := make([]ModuleState, len(names))
	dir := "lib/modules/" + s.line("proc/sys/kernel/osrelease")
	listed := s.Exists(dir + "/modules.dep")
	known := map[string]bool{}
	if listed {
		for _, list := range []string{"modules.dep", "modules.builtin"} {
			for line := range strings.Lines(s.text(dir + "/" + list)) {
				path, _, _ := strings.Cut(strings.TrimSpace(line), ":")
				name, _, _ := strings.Cut(filepath.Base(path), ".ko")
				known[strings.ReplaceAll(name, "-", "_")] = true
			}
		}
	}
	for i, name := range names {
		state := ModuleUnknown
		switch {
		case s.hasModule(name):
			state = ModulePresent
		case known[name]:
			state = ModuleAvailable
		case listed:
			state = ModuleMissing
		}
		found[i] = ModuleState{name, state}
	}
	return found
}

// hasModule reports whether the kernel has the module's feature: loaded, or built in.
func (s surveyor) hasModule(name string) bool {
	signs := []string{"/sys/module/" + name, "filesystem " + name}
	if features[name] != "" {
		signs = append(signs, features[name])
	}
	return slices.ContainsFunc(signs, func(sign string) bool {
		has, err := s.HasFeature(sign)
		return err == nil && has
	})
}

// units asks systemd for the units; those that do not exist are left out. Which of them are the
// tool's own is read from the files: systemd does not answer while it reads its units again, and
// our services must not be taken for those of others then.
func (s surveyor) units(names []string) []Unit {
	if len(names) == 0 {
		return nil
	}
	all, err := unitsOf(s.ctx, s.run, names)
	if err != nil {
		all = make([]Unit, len(names))
	}
	var there []Unit
	for i, u := range all {
		u.Name = names[i]
		own := surroundings.OwnDropIn(u.Name)
		if isOurs := s.Exists(own); isOurs && !slices.Contains(u.DropIns, own) {
			u.DropIns = append(u.DropIns, own)
		} else if !isOurs && (err != nil || u.Load == "not-found" && u.State == "inactive") {
			continue
		}
		there = append(there, u)
	}
	return there
}

// controllers are the cgroup controllers that are not disabled.
func (s surveyor) controllers() []string {
	if found := strings.Fields(s.text("sys/fs/cgroup/cgroup.controllers")); len(found) > 0 {
		return found
	}
	var found []string
	lines := bufio.NewScanner(strings.NewReader(s.text("proc/cgroups")))
	for lines.Scan() { // name, hierarchy, number of cgroups, enabled
		if f := strings.Fields(lines.Text()); len(f) == 4 && f[3] == "1" && !strings.HasPrefix(f[0], "#") {
			found = append(found, f[0])
		}
	}
	return found
}

func (s surveyor) limits() map[string]int64 {
	found := map[string]int64{}
	for _, name := range []string{
		"net.netfilter.nf_conntrack_max", "fs.inotify.max_user_instances", "fs.inotify.max_user_watches",
	} {
		text := s.line("proc/sys/" + strings.ReplaceAll(name, ".", "/"))
		if value, err := strconv.ParseInt(text, 10, 64); err == nil {
			found[name] = value
		}
	}
	return found
}

// packageLocks are the files that package managers lock: dpkg and apt by fcntl, as rpm; yum writes
// its process ID.
var packageLocks = []string{
	"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock", "/var/lib/rpm/.rpm.lock",
	"/usr/lib/sysimage/rpm/.rpm.lock",
}

// packageLock asks the kernel who holds the package manager's lock.
func (s surveyor) packageLock() *Lock {
	for _, path := range packageLocks {
		file, err := os.Open(s.Path(path))
		if err != nil {
			continue
		}
		pid, held := posix.LockHolder(file)
		_ = file.Close()
		if held {
			return s.lockOf(path, pid)
		}
	}
	const yum = "/var/run/yum.pid"
	if pid, err := strconv.Atoi(s.line(yum)); err == nil && s.Exists("proc/"+strconv.Itoa(pid)) {
		return s.lockOf(yum, pid)
	}
	return nil
}

func (s surveyor) lockOf(path string, pid int) *Lock {
	return &Lock{Path: path, PID: pid, Program: s.line("proc/" + strconv.Itoa(pid) + "/comm")}
}
