package surroundings

import (
	"strings"

	"kbootstrap/internal/unitfile"
)

// configDirs are where files of configuration lie that are read in the order of their names, the
// preferred directory first: sysctl.d, modprobe.d, systemd/system.conf.d.
var configDirs = []string{"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"}

// configFiles are the files of such a directory in the order in which they are read. Of several
// with the same name one is read.
func (r reader) configFiles(dir string) []string {
	var dirs []string
	for _, parent := range configDirs {
		dirs = append(dirs, parent+"/"+dir)
	}
	return r.firstOfEachName(dirs)
}

// ShowEnvironment is the Path of what systemd was told by hand, with systemctl set-environment.
const ShowEnvironment = "systemctl show-environment"

// managerEnvironment are the variables that systemd gives to every service.
func (s looker) managerEnvironment() []Setting {
	var found []Setting
	known := map[string]bool{}
	for _, path := range append([]string{"/etc/systemd/system.conf"}, s.configFiles("systemd/system.conf.d")...) {
		for _, set := range unitfile.Parse(s.text(path)) {
			if set.Section != "Manager" || set.Name != "DefaultEnvironment" {
				continue
			}
			for _, word := range unitfile.Words(set.Value) {
				v := variable(SettingManager, path, set.Line, word)
				known[v.Name] = true
				found = append(found, v)
			}
		}
	}
	out, err := s.run(s.ctx, "systemctl", "show-environment")
	if err != nil {
		return found
	}
	for line := range strings.Lines(string(out)) {
		if v := variable(SettingManager, ShowEnvironment, 0, strings.TrimSpace(line)); !known[v.Name] {
			found = append(found, v)
		}
	}
	return found
}

// preload are the libraries that the dynamic linker puts before all others, in every program that
// it starts.
func (r reader) preload() []string {
	var found []string
	for line := range strings.Lines(r.text("/etc/ld.so.preload")) {
		line, _, _ = strings.Cut(line, "#")
		separates := func(c rune) bool { return strings.ContainsRune(" \t\n:", c) }
		found = append(found, strings.FieldsFunc(line, separates)...)
	}
	return found
}
