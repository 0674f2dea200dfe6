package host

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The states of a kernel module.
const (
	ModulePresent   = "present"   // loaded, or built into the kernel
	ModuleAvailable = "available" // the kernel can load it
	ModuleMissing   = "missing"
	ModuleUnknown   = "unknown" // the host does not have the list of its kernel's modules, as a container has not
)

// ModuleState says whether the kernel has a module.
type ModuleState struct{ Name, State string }

// features are signs of a module that is in the kernel, whoever put it there.
var features = map[string]string{
	"br_netfilter": "proc/sys/net/bridge/bridge-nf-call-iptables",
	"nf_conntrack": "proc/sys/net/netfilter/nf_conntrack_max",
}

func (m Machine) modules(names []string) []ModuleState {
	found := make([]ModuleState, len(names))
	dir := "lib/modules/" + m.line("proc/sys/kernel/osrelease")
	listed := m.exists(dir + "/modules.dep")
	known := map[string]bool{}
	if listed {
		for _, list := range []string{"modules.dep", "modules.builtin"} {
			for line := range strings.Lines(m.read(dir + "/" + list)) {
				path, _, _ := strings.Cut(strings.TrimSpace(line), ":")
				name, _, _ := strings.Cut(filepath.Base(path), ".ko")
				known[strings.ReplaceAll(name, "-", "_")] = true
			}
		}
	}
	for i, name := range names {
		state := ModuleUnknown
		switch {
		case m.exists("sys/module/" + name), features[name] != "" && m.exists(features[name]), m.fileSystemType(name):
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

// fileSystemType reports whether the kernel knows the type of file systems.
func (m Machine) fileSystemType(name string) bool {
	return slices.Contains(strings.Fields(m.read("proc/filesystems")), name)
}

// unitStates asks systemd for the units; those that do not exist are left out.
func (m Machine) unitStates(names []string) []Unit {
	if len(names) == 0 {
		return nil
	}
	argv := []string{"systemctl", "show", "--property=Id,LoadState,ActiveState,MainPID,FragmentPath,DropInPaths"}
	out, err := m.Run(m.Ctx, append(argv, names...)...)
	if err != nil {
		return nil
	}
	var found []Unit
	for block := range strings.SplitSeq(string(out), "\n\n") {
		values := map[string]string{}
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			values[key] = value
		}
		if values["Id"] == "" || values["LoadState"] == "not-found" && values["ActiveState"] == "inactive" {
			continue
		}
		pid, _ := strconv.Atoi(values["MainPID"])
		found = append(found, Unit{
			Name: values["Id"], Active: values["ActiveState"] == "active" || values["ActiveState"] == "activating", PID: pid,
			Path: values["FragmentPath"], DropIns: strings.Fields(values["DropInPaths"]),
		})
	}
	return found
}

func (m Machine) nameServers() []string {
	var found []string
	for line := range strings.Lines(m.read("etc/resolv.conf")) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "nameserver" {
			found = append(found, f[1])
		}
	}
	return found
}

// controllers are the cgroup controllers that are not disabled.
func (m Machine) controllers() []string {
	if found := strings.Fields(m.read("sys/fs/cgroup/cgroup.controllers")); len(found) > 0 {
		return found
	}
	var found []string
	lines := bufio.NewScanner(strings.NewReader(m.read("proc/cgroups")))
	for lines.Scan() { // name, hierarchy, number of cgroups, enabled
		if f := strings.Fields(lines.Text()); len(f) == 4 && f[3] == "1" && !strings.HasPrefix(f[0], "#") {
			found = append(found, f[0])
		}
	}
	return found
}

func (m Machine) limits() map[string]int64 {
	found := map[string]int64{}
	for _, name := range []string{
		"net.netfilter.nf_conntrack_max", "fs.inotify.max_user_instances", "fs.inotify.max_user_watches",
	} {
		text := m.line("proc/sys/" + strings.ReplaceAll(name, ".", "/"))
		if value, err := strconv.ParseInt(text, 10, 64); err == nil {
			found[name] = value
		}
	}
	return found
}

// packageLocks are the files that package managers lock: dpkg and apt by fcntl, as rpm; yum writes its process ID.
var packageLocks = []string{
	"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock", "/var/lib/rpm/.rpm.lock",
	"/usr/lib/sysimage/rpm/.rpm.lock",
}

// packageLock asks the kernel who holds the package manager's lock.
func (m Machine) packageLock() *Lock {
	for _, path := range packageLocks {
		file, err := os.Open(m.path(path))
		if err != nil {
			continue
		}
		held := unix.Flock_t{Type: unix.F_WRLCK}
		err = unix.FcntlFlock(file.Fd(), unix.F_GETLK, &held)
		_ = file.Close()
		if err == nil && held.Type != unix.F_UNLCK {
			return m.lockOf(path, int(held.Pid))
		}
	}
	const yum = "/var/run/yum.pid"
	if pid, err := strconv.Atoi(m.line(yum)); err == nil && m.exists("proc/"+strconv.Itoa(pid)) {
		return m.lockOf(yum, pid)
	}
	return nil
}

func (m Machine) lockOf(path string, pid int) *Lock {
	return &Lock{Path: path, PID: pid, Program: m.line("proc/" + strconv.Itoa(pid) + "/comm")}
}
