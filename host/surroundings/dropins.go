package surroundings

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/internal/unitfile"
)

// ownUnits is where the tool puts its units.
const ownUnits = "/etc/systemd/system"

// unitDirs are where systemd looks for units and drop-ins, the ones that it prefers first
// (systemd.unit(5), "Unit File Load Path").
var unitDirs = []string{
	"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
	"/run/systemd/generator.early", ownUnits, "/etc/systemd/system.attached", "/run/systemd/system",
	"/run/systemd/system.attached", "/run/systemd/generator", "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late",
}

// OwnDropIn is the drop-in that every running unit of the tool has. It sets ConfigVariable, and
// nothing else.
func OwnDropIn(unit string) string { return ownUnits + "/" + unit + ".d/50-kbootstrap.conf" }

// ProxyDropIn is the drop-in of a unit that pulls images through the proxy of the inventory. By its
// name it comes before those of the host's owner, which win.
func ProxyDropIn(unit string) string { return ownUnits + "/" + unit + ".d/40-kbootstrap-proxy.conf" }

// ConfigVariable is the variable of the environment that tells which configuration a process was
// started with.
const ConfigVariable = "KBOOTSTRAP_CONFIG"

// FirstStartDropIn is the drop-in of a member of etcd that may found a cluster, until it has.
func FirstStartDropIn(unit string) string {
	return "/run/systemd/system/" + unit + ".d/50-bootstrap.conf"
}

// shadows finds units and masks that systemd prefers to the tool's own unit. What lies in the place
// of that unit is the tool's to replace.
func (r reader) shadows(unit string) []Setting {
	var found []Setting
	for _, dir := range unitDirs[:slices.Index(unitDirs, ownUnits)] {
		path, name := dir+"/"+unit, NameShadow
		if r.isNull(path) {
			name = NameMask
		}
		if r.Exists(path) {
			found = append(found, Setting{Of: unit, Path: path, Group: GroupFile, Name: name})
		}
	}
	return found
}

// masks finds the link to /dev/null that keeps a unit from being started.
func (r reader) masks(unit string) []Setting {
	for _, dir := range unitDirs {
		path := dir + "/" + unit
		if r.isNull(path) {
			return []Setting{{Of: unit, Path: path, Group: GroupFile, Name: NameMask}}
		}
		if r.Exists(path) {
			break // what is preferred to a mask
		}
	}
	return nil
}

// isNull reports whether a path is a link to /dev/null.
func (r reader) isNull(path string) bool {
	target, err := os.Readlink(r.Path(path))
	return err == nil && target == "/dev/null"
}

// dropIns are the settings of all drop-ins of a unit but the tool's own.
func (r reader) dropIns(unit string) []Setting {
	var found []Setting
	for _, path := range r.dropInPaths(unit) {
		if path != FirstStartDropIn(unit) && path != OwnDropIn(unit) && path != ProxyDropIn(unit) {
			found = append(found, r.settings(unit, path)...)
		}
	}
	return found
}

// dropInPaths are the drop-ins that systemd reads for a unit, in its order: by their names. Of
// several with the same name it takes one, that of the more special unit and the preferred
// directory.
func (r reader) dropInPaths(unit string) []string {
	var dirs []string
	for _, owner := range dropInOwners(unit) {
		for _, dir := range unitDirs {
			dirs = append(dirs, dir+"/"+owner+".d")
		}
	}
	return r.firstOfEachName(dirs)
}

// firstOfEachName are the files *.conf of some directories by their names, as systemd reads them:
// of several with the same name that of the earlier directory.
func (r reader) firstOfEachName(dirs []string) []string {
	taken := map[string]string{}
	for _, dir := range dirs {
		paths, _ := filepath.Glob(r.Path(dir + "/*.conf")) // the pattern is a good one
		for _, path := range paths {
			if name := filepath.Base(path); taken[name] == "" {
				taken[name] = dir + "/" + name
			}
		}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(taken)) {
		all = append(all, taken[name])
	}
	return all
}

// dropInOwners are the names whose drop-ins a unit gets: kube-proxy.service, kube-.service and
// service.
func dropInOwners(unit string) []string {
	owners := []string{unit}
	name, suffix, _ := strings.Cut(unit, ".")
	for {
		i := strings.LastIndexByte(strings.TrimSuffix(name, "-"), '-')
		if i < 0 {
			break
		}
		name = name[:i+1]
		owners = append(owners, name+"."+suffix)
	}
	return append(owners, suffix)
}

// settings are the assignments of one drop-in. What an assignment takes back is left out, and so is
// the assignment that only takes back, unless it is the only one of its name.
func (r reader) settings(unit, path string) []Setting {
	parsed := unitfile.Parse(r.text(path))
	var found []Setting
	for i, s := range parsed {
		again := slices.ContainsFunc(parsed[i+1:], func(next unitfile.Setting) bool {
			return next.Section == s.Section && next.Name == s.Name
		})
		switch {
		case s.Section == "Service" && s.Name == "Environment":
			for _, word := range unitfile.Words(s.Value) {
				found = append(found, variable(unit, path, s.Line, word))
			}
		case s.Section == "Service" && s.Name == "EnvironmentFile":
			found = append(found, r.variables(unit, strings.TrimPrefix(s.Value, "-"))...)
		case s.Value != "" || !again:
			found = append(found, Setting{
				Of: unit, Path: path, Line: s.Line, Group: s.Section, Name: s.Name, Value: s.Value,
			})
		}
	}
	return found
}

// variables are those of a file of an EnvironmentFile=.
func (r reader) variables(of, path string) []Setting {
	var found []Setting
	number := 0
	for line := range strings.Lines(r.text(path)) {
		number++
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && line[0] != ';' && strings.Contains(line, "=") {
			found = append(found, variable(of, path, number, line))
		}
	}
	return found
}

// variable is a variable of the environment. Only what is told of it is kept: a proxy may have a
// password in its address.
func variable(of, path string, line int, word string) Setting {
	name, value, _ := strings.Cut(word, "=")
	s := Setting{Of: of, Path: path, Line: line, Group: GroupEnvironment, Name: name}
	if strings.EqualFold(name, "no_proxy") {
		s.Value = strings.Trim(value, `"'`)
	}
	return s
}
