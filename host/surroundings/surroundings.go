// Package surroundings is what others have set around the tool's files on a machine: drop-ins and
// masks of its units, variables for all services, parameters and modules at a boot, keys of
// configuration, chains of the packet filter; and which drop-ins are the tool's. Start at Look.
package surroundings

import "context"

// Query says what to look for besides the files of the tool: what else says how its
// daemons run. Paths are those of the host.
type Query struct {
	Units    []string          // services of the tool, such as "kubelet.service"
	Masks    []string          // units of the system that must be able to start, such as "systemd-sysctl.service"
	Sysctls  map[string]string // kernel parameters, with the values that they must have after a boot
	SysctlAs string            // the file in /etc/sysctl.d that sets them
	Modules  []string          // kernel modules that must be loadable
	Files    []KeysQuery       // configuration of others
	Filters  bool              // whether the packet filter matters
}

// KeysQuery asks which files of a pattern set one of the keys.
type KeysQuery struct {
	Pattern string   // "/etc/containerd/conf.d/*.toml"
	Main    string   // the tool's own file; what says the same as this one is left out
	Keys    []string // the ends of keys, with their tables: "runc.options.SystemdCgroup"
}

// Found is what was found besides the files of the tool. Looking changes nothing. What could
// not be found out is missing.
type Found struct {
	Settings []Setting
	Chains   []BaseChain
	Preload  []string // the libraries of /etc/ld.so.preload, which every program loads
}

// Setting is one assignment in a file that is not the tool's. What may be a secret has no Value.
type Setting struct {
	Of    string // what it is about: a unit, SettingSysctl, SettingModule, a pattern of files
	Path  string
	Line  int
	Group string `json:",omitempty"` // the section of a unit's file, or GroupEnvironment
	Name  string
	Value string `json:",omitempty"`
	Late  bool   `json:",omitempty"` // of a sysctl: it comes after the tool's own file
}

// What a Setting may be about besides a unit.
const (
	SettingSysctl  = "sysctl"
	SettingModule  = "module"
	SettingManager = "systemd" // what systemd gives to all services
)

// The groups of a Setting that no section of a file has.
const (
	GroupEnvironment = "Environment" // Name is a variable of the environment
	GroupFile        = "file"        // a whole file: NameMask or NameShadow
)

// The names in GroupFile.
const (
	NameMask   = "mask"   // a link to /dev/null, so that the unit cannot start
	NameShadow = "shadow" // a unit of the same name that systemd prefers to the tool's
)

// A Machine has files and programs, by the names that it has for them itself: a host.Root.
type Machine interface {
	Path(name string) string           // where a file lies for this process
	Read(name string) (string, error)  // a file that is absent reads as nothing
	Exists(name string) bool           // of whatever is at a path
	Program(name string) (path string) // where a root shell would find it; "" when it is nowhere
}

// reader reads the files of a machine.
type reader struct{ Machine }

// text is the content of a file that is of no use if it cannot be read.
func (r reader) text(name string) string {
	text, err := r.Read(name)
	if err != nil {
		return ""
	}
	return text
}

// looker looks for what a Query asks.
type looker struct {
	reader
	ctx context.Context
	run func(ctx context.Context, argv ...string) ([]byte, error)
}

// Look looks for everything that is asked for. It runs systemctl, for what systemd was told by
// hand, where units are asked for.
func Look(ctx context.Context, m Machine, run func(context.Context, ...string) ([]byte, error), q Query) Found {
	return looker{reader{m}, ctx, run}.look(q)
}

func (s looker) look(q Query) Found {
	var found Found
	for _, unit := range q.Units {
		found.Settings = append(found.Settings, s.shadows(unit)...)
		found.Settings = append(found.Settings, s.dropIns(unit)...)
	}
	for _, unit := range q.Masks {
		found.Settings = append(found.Settings, s.masks(unit)...)
	}
	if len(q.Units) > 0 {
		found.Settings = append(found.Settings, s.managerEnvironment()...)
		found.Preload = s.preload()
	}
	if len(q.Sysctls) > 0 {
		found.Settings = append(found.Settings, s.bootSysctls(q.SysctlAs, q.Sysctls)...)
	}
	if len(q.Modules) > 0 {
		found.Settings = append(found.Settings, s.deniedModules(q.Modules)...)
	}
	for _, files := range q.Files {
		found.Settings = append(found.Settings, s.keys(files)...)
	}
	if q.Filters {
		found.Chains = s.baseChains()
	}
	return found
}
