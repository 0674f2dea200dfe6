package preflight

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host/surroundings"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// bootUnits set at each boot what the tool has set.
var bootUnits = []string{"systemd-sysctl.service", "systemd-modules-load.service"}

// SurroundingsQuery asks for what the services of a host read or obey besides the files of the
// tool. Every look at a host asks for it: it is cheap, and what is found may have come at any time.
func SurroundingsQuery(c *inventory.Cluster, h inventory.Host) surroundings.Query {
	q := surroundings.Query{Masks: bootUnits, Modules: component.Modules(c), Filters: true}
	q.Sysctls, q.SysctlAs = component.KernelParameters(c)
	for _, s := range component.Services(c, h) {
		q.Units = append(q.Units, s.Unit)
	}
	for _, r := range component.Readings() {
		if r.Main != "" {
			q.Files = append(q.Files, surroundings.KeysQuery{
				Pattern: r.What, Main: r.Main, Keys: slices.Concat(r.Keys, r.Choices),
			})
		}
	}
	return q
}

// place is where a setting stands: "/etc/sysctl.conf:28".
func place(s surroundings.Setting) string {
	if s.Line == 0 {
		return s.Path
	}
	return fmt.Sprintf("%s:%d", s.Path, s.Line)
}

// foreignSettings finds what changes what a service does, and was not put there by the tool.
func foreignSettings(s Scene, h Host) []Finding {
	services := map[string]component.Service{}
	for _, service := range component.Services(s.Cluster, h.Host) {
		services[service.Unit] = service
	}
	choices := map[string][]string{}
	for _, r := range component.Readings() {
		choices[r.What] = r.Choices
	}
	var all []change
	for _, set := range h.Survey.Surroundings.Settings {
		service, isOurs := services[set.Of]
		keys, isFile := choices[set.Of]
		c := change{level: Fail, place: place(set), units: []string{set.Of}}
		switch {
		case isOurs:
			c.what = changeOf(service, set)
			if isVendors(set.Path) {
				c.level = Warn
			}
		case set.Of == surroundings.SettingManager:
			c.what, c.units = "sets the variable "+set.Name+" of all services", takers(services, set.Name)
		case isFile:
			c.what, c.units = "sets "+set.Name, []string{"containerd.service"}
			if endsInOne(set.Name, keys) {
				c.level = Warn
			}
		}
		if c.what != "" && len(c.units) > 0 {
			all = joined(all, c)
		}
	}
	var found []Finding
	for _, c := range all {
		found = append(found, one(c.level, "%s %s, which changes what %s does", c.place, c.what,
			strings.Join(c.units, ", "))...)
	}
	if found == nil {
		return one(OK, "none")
	}
	return found
}

// A change is a setting that changes what some services do.
type change struct {
	level       Level
	place, what string
	units       []string
}

// joined adds a change. A drop-in of all services is one change.
func joined(all []change, c change) []change {
	i := slices.IndexFunc(all, func(other change) bool { return other.place == c.place && other.what == c.what })
	if i < 0 {
		return append(all, c)
	}
	all[i].units = append(all[i].units, c.units...)
	return all
}

func endsInOne(name string, ends []string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(name, end) })
}

// changeOf says what a setting of a drop-in does to a service; it is empty for what is the
// operator's.
func changeOf(service component.Service, set surroundings.Setting) string {
	switch {
	case set.Group == surroundings.GroupFile && set.Name == surroundings.NameMask:
		return "keeps the unit from starting (it is a mask)"
	case set.Group == surroundings.GroupFile:
		return "is taken in place of the tool's own unit"
	case set.Group == surroundings.GroupEnvironment && isSettingOf(service, set.Name):
		return "sets the variable " + set.Name
	case set.Group == surroundings.GroupEnvironment || isOperators(set):
		return ""
	}
	if address, open := opensDocker(set); open {
		return "sets ExecStart, and opens docker at " + address + " without TLS (who reaches that address is root)"
	}
	return "sets " + set.Name
}

// takers are the services that take a variable for a setting of theirs.
func takers(services map[string]component.Service, variable string) []string {
	var units []string
	for unit, service := range services {
		if isPrefixed(variable, service.Variables) {
			units = append(units, unit)
		}
	}
	slices.Sort(units)
	return units
}

// loaderVariables have a program load other code.
var loaderVariables = []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"}

// isSettingOf reports whether a variable of its environment decides what a service does.
func isSettingOf(service component.Service, name string) bool {
	return name == surroundings.ConfigVariable || isPrefixed(name, service.Variables) ||
		slices.Contains(loaderVariables, name)
}

func isPrefixed(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// operators are the beginnings of the names of settings that an operator may add to a unit of ours:
// limits, weights, times, where messages go, and what comes before and after. All others change
// what the service does or may do (systemd.service(5), systemd.exec(5),
// systemd.resource-control(5)).
var operators = map[string][]string{
	"Service": {
		"Limit", "Tasks", "CPU", "StartupCPU", "AllowedCPUs", "Memory", "DefaultMemory", "IO", "StartupIO", "BlockIO",
		"Nice", "OOM", "ManagedOOM", "Slice", "RestartSec", "IPAccounting", "Timeout", "WatchdogSec",
		"StartLimit", "Standard",
		"Syslog", "Log", "UMask", "X-",
	},
	"Unit": {
		"Description", "Documentation", "After", "Before", "Wants", "Requires", "On", "StartLimit",
		"SourcePath", "X-",
	},
	"Install": {""}, // it counts when a unit is enabled, which the tool does itself
}

// isOperators reports whether a setting is one that an operator may add.
func isOperators(set surroundings.Setting) bool {
	return strings.HasPrefix(set.Group, "X-") || isPrefixed(set.Name, operators[set.Group]) ||
		isPrefixed(set.Name, sandbox) && slices.Contains([]string{"", "no", "false", "off", "0", "default"}, set.Value)
}

// sandbox are the beginnings of the names of settings that shut a service in. Where systemd cannot
// do that, as in a container of LXC, a drop-in of all services switches them off, which changes
// nothing of what a service of ours does.
var sandbox = []string{"Protect", "Private", "Restrict", "NoNewPrivileges", "LoadCredential", "ImportCredential"}

// isVendors reports whether a drop-in is the distribution's for all of its services, which is made
// with care for them.
func isVendors(path string) bool {
	return strings.HasSuffix(filepath.Dir(path), "lib/systemd/system/service.d")
}

// opensDocker returns the address at which a command line has dockerd listen for everybody.
func opensDocker(set surroundings.Setting) (address string, open bool) {
	if set.Of != "docker.service" || set.Name != "ExecStart" || strings.Contains(set.Value, "--tlsverify") {
		return "", false
	}
	_, after, open := strings.Cut(set.Value, "tcp://")
	address, _, _ = strings.Cut(after, " ")
	return "tcp://" + strings.Trim(address, `"'`), open && !strings.HasPrefix(address, "127.")
}
