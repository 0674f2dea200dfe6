package host

import (
	"cmp"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Daemon is a process that runs, as the kernel shows it.
type Daemon struct {
	Program string // the name of its executable
	PID     int
	Path    string            // of its executable
	Args    []string          // its command line
	Env     map[string]string // the variables that were asked for
	Unit    string            // the unit of systemd that it belongs to, if any
	UID     int               // its effective user
	Listens []netip.AddrPort  // where it takes TCP connections
	// OwnMounts says that it sees other mounts than the first process of the host.
	OwnMounts bool
	// Filters says that a filter refuses some system calls to it.
	Filters bool
	// NoNewPrivileges says that it cannot gain rights by a set-user-ID program.
	NoNewPrivileges bool
	// Bounding is the set of capabilities that it can ever have, a bit for each.
	Bounding uint64
	// Core is how large a core dump of it may become: "0", a number of bytes, or "unlimited".
	Core string
}

// Flag is a flag of a command line, as the libraries of Go read it.
type Flag struct{ Name, Value string }

// paths are the paths that a flag's value names.
func (f Flag) paths() []string {
	var paths []string
	for part := range strings.SplitSeq(f.Value, ",") {
		if filepath.IsAbs(part) {
			paths = append(paths, filepath.Clean(part))
		}
	}
	return paths
}

// Flags are those of the command line, in their order. Kubernetes takes an underscore in the name
// of a flag for a dash. A flag without a value is "true".
func (p Daemon) Flags() []Flag {
	var flags []Flag
	for i := 1; i < len(p.Args); i++ {
		name, ok := strings.CutPrefix(p.Args[i], "-")
		name = strings.TrimPrefix(name, "-")
		if !ok || name == "" {
			continue
		}
		name, value, hasValue := strings.Cut(name, "=")
		if !hasValue {
			value = "true"
			if i+1 < len(p.Args) && !strings.HasPrefix(p.Args[i+1], "-") {
				i++
				value = p.Args[i]
			}
		}
		flags = append(flags, Flag{strings.ReplaceAll(name, "_", "-"), value})
	}
	return flags
}

// processes finds the processes of the programs. Those in pods are their owners' business.
func (s surveyor) processes(q InspectionQuery) []Daemon {
	var found []Daemon
	dirs, _ := filepath.Glob(s.Path("proc/[0-9]*")) // the pattern is a good one
	for _, dir := range dirs {
		if s.ctx.Err() != nil {
			return found
		}
		pid := filepath.Base(dir)
		args := strings.Split(strings.TrimSuffix(s.text("proc/"+pid+"/cmdline"), "\x00"), "\x00")
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err != nil {
			exe = args[0]
		}
		program := filepath.Base(strings.TrimSuffix(exe, " (deleted)"))
		cgroups := s.text("proc/" + pid + "/cgroup")
		if !slices.Contains(q.Programs, program) || strings.Contains(cgroups, "/kubepods") {
			continue
		}
		p := Daemon{Program: program, Args: args, Unit: unitOf(cgroups), Env: map[string]string{}, UID: -1,
			Path: strings.TrimSuffix(exe, " (deleted)")}
		p.PID, _ = strconv.Atoi(pid)
		for variable := range strings.SplitSeq(s.text("proc/"+pid+"/environ"), "\x00") {
			name, value, _ := strings.Cut(variable, "=")
			if slices.ContainsFunc(q.Variables, func(start string) bool { return strings.HasPrefix(name, start) }) {
				p.Env[name] = value
			}
		}
		s.rights(pid, &p)
		found = append(found, p)
	}
	s.listeners(found)
	slices.SortFunc(found, func(a, b Daemon) int {
		return cmp.Or(strings.Compare(a.Program, b.Program), a.PID-b.PID)
	})
	return found
}

// rights reads what the process may do.
func (s surveyor) rights(pid string, p *Daemon) {
	for line := range strings.Lines(s.text("proc/" + pid + "/status")) {
		key, value, _ := strings.Cut(line, ":")
		f := strings.Fields(value)
		if len(f) == 0 {
			continue
		}
		switch key {
		case "Uid": // real, effective, saved, of the file system
			if len(f) > 1 {
				p.UID, _ = strconv.Atoi(f[1])
			}
		case "Seccomp":
			p.Filters = f[0] == "2" // SECCOMP_MODE_FILTER of linux/seccomp.h
		case "NoNewPrivs":
			p.NoNewPrivileges = f[0] == "1"
		case "CapBnd":
			p.Bounding, _ = strconv.ParseUint(f[0], 16, 64)
		}
	}
	own, _ := os.Readlink(s.Path("proc/" + pid + "/ns/mnt")) // what cannot be read is not another one
	first, _ := os.Readlink(s.Path("proc/1/ns/mnt"))
	p.OwnMounts = own != "" && first != "" && own != first
	for line := range strings.Lines(s.text("proc/" + pid + "/limits")) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				p.Core = f[0]
			}
		}
	}
}

// listeners finds where the processes listen.
func (s surveyor) listeners(processes []Daemon) {
	at := map[string]netip.AddrPort{}
	for _, table := range []string{"tcp", "tcp6"} {
		for line := range strings.Lines(s.text("proc/net/" + table)) {
			if p, ok := socket("tcp", line); ok {
				at[p.inode] = netip.AddrPortFrom(p.Address, uint16(p.Number)) //nolint:gosec // read as 16 bits
			}
		}
	}
	for i := range processes {
		p := &processes[i]
		dir := "proc/" + strconv.Itoa(p.PID) + "/fd"
		files, _ := os.ReadDir(s.Path(dir)) // a process that has ended listens nowhere
		for _, file := range files {
			target, err := os.Readlink(s.Path(dir + "/" + file.Name()))
			if err != nil {
				continue
			}
			inode, _ := strings.CutPrefix(target, "socket:[")
			if address, ok := at[strings.TrimSuffix(inode, "]")]; ok {
				p.Listens = append(p.Listens, address)
			}
		}
		slices.SortFunc(p.Listens, netip.AddrPort.Compare)
		p.Listens = slices.Compact(p.Listens)
	}
}
