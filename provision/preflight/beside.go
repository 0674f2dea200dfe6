package preflight

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// bootUnits set at each boot what the tool has set.
var bootUnits = []string{"systemd-sysctl.service", "systemd-modules-load.service"}

// BesideQuery asks for what the services of a host read or obey beside the files of the tool. Every
// look at a host asks for it: it is cheap, and what is found may have come at any time.
func BesideQuery(c *inventory.Cluster, h inventory.Host) host.BesideQuery {
	q := host.BesideQuery{Masks: bootUnits, Modules: component.Modules(c), Filters: true}
	q.Sysctls, q.SysctlAs = component.KernelParameters()
	for _, s := range component.Services(c, h) {
		q.Units = append(q.Units, s.Unit)
	}
	for _, r := range component.Readings() {
		if r.Main != "" {
			q.Files = append(q.Files, host.KeysQuery{
				Pattern: r.What, Main: r.Main, Keys: slices.Concat(r.Keys, r.Choices),
			})
		}
	}
	return q
}

// place is where a setting stands: "/etc/sysctl.conf:28".
func place(s host.Setting) string {
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
	var found []Finding
	for _, set := range h.Survey.Beside.Settings {
		service, isOurs := services[set.Of]
		keys, isFile := choices[set.Of]
		level, text := Fail, ""
		switch {
		case isOurs:
			text = changeOf(service, set)
		case set.Of == host.SettingManager:
			text = managerChange(services, set)
		case isFile:
			text = "sets " + set.Name + " of containerd"
			if endsInOne(set.Name, keys) {
				level = Warn
			}
		}
		if text != "" {
			found = append(found, one(level, "%s %s", place(set), text)...)
		}
	}
	if found == nil {
		return one(OK, "none")
	}
	return found
}

func endsInOne(name string, ends []string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(name, end) })
}

// changeOf says what a setting of a drop-in changes of a service; it is empty for what is the
// operator's.
func changeOf(service component.Service, set host.Setting) string {
	switch set.Group {
	case host.GroupFile:
		if set.Name == host.NameMask {
			return "masks " + set.Of + ", which cannot start then"
		}
		return "is taken for " + set.Of + " in place of the tool's own unit"
	case host.GroupEnvironment:
		if isSettingOf(service, set.Name) {
			return fmt.Sprintf("sets the variable %s of %s, which changes what the service does", set.Name, set.Of)
		}
		return ""
	}
	if isOperators(set) {
		return ""
	}
	if address, open := opensDocker(set); open {
		return fmt.Sprintf("sets ExecStart of %s, which opens docker at %s without TLS: who reaches that address is root",
			set.Of, address)
	}
	return fmt.Sprintf("sets %s of %s, which changes what the service does", set.Name, set.Of)
}

// managerChange names the services that take a variable for a setting which systemd gives to all.
func managerChange(services map[string]component.Service, set host.Setting) string {
	var of []string
	for unit, service := range services {
		if isPrefixed(set.Name, service.Variables) {
			of = append(of, unit)
		}
	}
	if of == nil {
		return ""
	}
	slices.Sort(of)
	return fmt.Sprintf("sets the variable %s of all services, which changes what %s does", set.Name, strings.Join(of, ", "))
}

// loaderVariables have a program load other code.
var loaderVariables = []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"}

// isSettingOf reports whether a variable of its environment decides what a service does.
func isSettingOf(service component.Service, name string) bool {
	return name == host.ConfigVariable || isPrefixed(name, service.Variables) || slices.Contains(loaderVariables, name)
}

func isPrefixed(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// operators are the beginnings of the names of settings that an operator may add to a unit of ours:
// limits, weights, times, where messages go, and what comes before and after. All others change what
// the service does or may do (systemd.service(5), systemd.exec(5), systemd.resource-control(5)).
var operators = map[string][]string{
	"Service": {
		"Limit", "Tasks", "CPU", "StartupCPU", "AllowedCPUs", "Memory", "DefaultMemory", "IO", "StartupIO", "BlockIO",
		"Nice", "OOM", "ManagedOOM", "Slice", "RestartSec", "Timeout", "WatchdogSec", "StartLimit", "Standard",
		"Syslog", "Log", "UMask", "X-",
	},
	"Unit": {
		"Description", "Documentation", "After", "Before", "Wants", "Requires", "OnFailure", "StartLimit",
		"SourcePath", "X-",
	},
	"Install": {""}, // counts when a unit is enabled, which the tool does itself
}

// isOperators reports whether a setting is one that an operator may add.
func isOperators(set host.Setting) bool {
	return strings.HasPrefix(set.Group, "X-") || isPrefixed(set.Name, operators[set.Group])
}

// opensDocker returns the address at which a command line has dockerd listen for everybody.
func opensDocker(set host.Setting) (address string, open bool) {
	if set.Of != "docker.service" || set.Name != "ExecStart" || strings.Contains(set.Value, "--tlsverify") {
		return "", false
	}
	_, after, open := strings.Cut(set.Value, "tcp://")
	address, _, _ = strings.Cut(after, " ")
	return "tcp://" + strings.Trim(address, `"'`), open && !strings.HasPrefix(address, "127.")
}
