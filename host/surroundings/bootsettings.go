package surroundings

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// forwarding is the parameter that switches the forwarding of one interface, or of all.
const forwarding = "net.ipv4.conf.*.forwarding"

// bootSysctls finds assignments to the parameters that say something else than the wanted values.
// systemd-sysctl reads all files by name and keeps the last; sysctl --system reads /etc/sysctl.conf
// at the end, and ufw applies a file of its own when it starts.
func (r reader) bootSysctls(own string, wanted map[string]string) []Setting {
	var found []Setting
	add := func(file string, late bool) {
		number := 0
		for line := range strings.Lines(r.text(file)) {
			number++
			key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			if !ok || strings.HasPrefix(key, "#") || strings.HasPrefix(key, ";") {
				continue
			}
			key, value = sysctlKey(key), strings.TrimSpace(value)
			if contradicts(key, value, wanted) {
				found = append(found, Setting{
					Of: SettingSysctl, Path: file, Line: number, Name: key, Value: value, Late: late,
				})
			}
		}
	}
	for _, file := range r.configFiles("sysctl.d") {
		if file != own {
			add(file, filepath.Base(file) > filepath.Base(own))
		}
	}
	if !slices.ContainsFunc(found, func(s Setting) bool { return s.Path == "/etc/sysctl.d/99-sysctl.conf" }) {
		add("/etc/sysctl.conf", false) // the link to it is Debian's and Red Hat's, but not of late
	}
	if UFWStarts(r) {
		add("/etc/ufw/sysctl.conf", true)
	}
	return found
}

// sysctlKey spells a key with dots: net/ipv4/ip_forward. A dash before it ignores errors.
func sysctlKey(key string) string {
	key = strings.TrimPrefix(strings.TrimSpace(key), "-")
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '/' {
		key = strings.NewReplacer(".", "/", "/", ".").Replace(key)
	}
	return key
}

// contradicts reports whether an assignment, whose key may be a pattern, gives a wanted parameter
// another value. ip_forward is the forwarding of all interfaces by another name.
func contradicts(key, value string, wanted map[string]string) bool {
	for name, want := range wanted {
		if value == want {
			continue
		}
		if same, err := path.Match(key, name); err == nil && same || key == name {
			return true
		}
		one, err := path.Match(forwarding, key)
		if name == "net.ipv4.ip_forward" && err == nil && one {
			return true
		}
	}
	return false
}

// deniedModules finds what keeps modules from being loaded: a blacklist, which systemd-modules-load
// obeys, or a command in place of loading.
func (r reader) deniedModules(names []string) []Setting {
	var found []Setting
	for _, file := range r.configFiles("modprobe.d") {
		number := 0
		for line := range strings.Lines(r.text(file)) {
			number++
			f := strings.Fields(line)
			if len(f) < 2 || !slices.Contains(names, strings.ReplaceAll(f[1], "-", "_")) {
				continue
			}
			nothing := len(f) == 3 && slices.Contains([]string{"true", "false", ":"}, path.Base(f[2]))
			if f[0] == "blacklist" || f[0] == "install" && nothing {
				found = append(found, Setting{
					Of: SettingModule, Path: file, Line: number, Group: f[0], Name: strings.ReplaceAll(f[1], "-", "_"),
				})
			}
		}
	}
	return found
}
