package host

import (
	"context"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// gatherer gathers the Facts of a machine as its files tell it; what they do not tell is empty or
// zero.
type gatherer struct {
	Root
	ctx context.Context
	run Runner
}

// os reads os-release(5), whose values may be quoted as in a shell.
func (g gatherer) os() OS {
	text := g.text("etc/os-release")
	if text == "" {
		text = g.text("usr/lib/os-release")
	}
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			values[name] = strings.Trim(value, `"'`)
		}
	}
	return OS{
		ID:        values["ID"],
		VersionID: values["VERSION_ID"],
		Name:      values["PRETTY_NAME"],
		Like:      strings.Fields(values["ID_LIKE"]),
	}
}

// memory reads the line "MemTotal:       16384000 kB".
func (g gatherer) memory() int64 {
	for line := range strings.Lines(g.text("proc/meminfo")) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}

func (g gatherer) selinux() string {
	switch g.line("sys/fs/selinux/enforce") {
	case "1":
		return "enforcing"
	case "0":
		return "permissive"
	}
	return "disabled"
}

func (g gatherer) programs() (paths map[string]string, packageManager string) {
	paths = map[string]string{}
	for _, program := range programs {
		if path := g.Program(program); path != "" {
			paths[program] = path
		}
	}
	// A host with dnf often has a yum that is only another name for it.
	for _, manager := range []string{"apt-get", "dnf", "yum"} {
		if paths[manager] != "" {
			return paths, manager
		}
	}
	return paths, ""
}

func (g gatherer) units(names []string) []string {
	found := []string{}
	dirs := []string{"etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}
	for _, name := range names {
		for _, dir := range dirs {
			if g.Exists(filepath.Join(dir, name)) {
				found = append(found, name)
				break
			}
		}
	}
	return found
}

// iptables returns the version and, since 1.8.0, the variant that "iptables v1.8.9 (nf_tables)"
// tells.
func (g gatherer) iptables(paths map[string]string) string {
	if paths["iptables"] == "" {
		return ""
	}
	out, err := g.run(g.ctx, paths["iptables"], "--version")
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "iptables v")
}

var (
	systemdLibrary = regexp.MustCompile(`libsystemd-shared-(\d+)`)
	systemdVersion = regexp.MustCompile(`^systemd (\d+)`)
)

// systemd takes the version from the name of systemd's own library, which it has since 231; an
// older one is asked.
func (g gatherer) systemd(paths map[string]string) int {
	for _, pattern := range []string{"usr/lib/systemd", "lib/systemd", "usr/lib/*/systemd"} {
		names, _ := filepath.Glob(g.Path(filepath.Join(pattern, "libsystemd-shared-*.so")))
		for _, name := range names {
			if found := systemdLibrary.FindStringSubmatch(filepath.Base(name)); found != nil {
				version, _ := strconv.Atoi(found[1])
				return version
			}
		}
	}
	if paths["systemctl"] == "" {
		return 0
	}
	out, _ := g.run(g.ctx, paths["systemctl"], "--version")
	if found := systemdVersion.FindSubmatch(out); found != nil {
		version, _ := strconv.Atoi(string(found[1]))
		return version
	}
	return 0
}

// glibc finds "GNU C Library … stable release version 2.36." that every libc.so.6 has among its
// strings.
func (g gatherer) glibc() string {
	patterns := []string{
		"lib64/libc.so.6",
		"lib/*-linux-gnu*/libc.so.6",
		"usr/lib64/libc.so.6",
		"lib/libc.so.6",
	}
	for _, pattern := range patterns {
		names, _ := filepath.Glob(g.Path(pattern))
		for _, name := range names {
			text := g.text(strings.TrimPrefix(name, string(g.Root)))
			if _, after, ok := strings.Cut(text, "stable release version "); ok {
				end := strings.IndexFunc(after, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
				return strings.TrimRight(after[:max(end, 0)], ".")
			}
		}
	}
	return ""
}

// defaultRoute reads /proc/net/route: interface, destination, gateway, flags, …, metric, mask;
// numbers in hex but for the metric. A host with IPv6 alone has its default route in
// /proc/net/ipv6_route.
func (g gatherer) defaultRoute() string {
	best, lowest := "", int64(-1)
	consider := func(name string, metric int64) {
		if name != "lo" && (lowest < 0 || metric < lowest) {
			best, lowest = name, metric
		}
	}
	for line := range strings.Lines(g.text("proc/net/route")) {
		if f := strings.Fields(line); len(f) >= 8 && f[1] == "00000000" && f[7] == "00000000" {
			metric, _ := strconv.ParseInt(f[6], 10, 64)
			consider(f[0], metric)
		}
	}
	if best != "" {
		return best
	}
	for line := range strings.Lines(g.text("proc/net/ipv6_route")) {
		if f := strings.Fields(line); len(f) >= 10 && f[1] == "00" && strings.Trim(f[0], "0") == "" {
			metric, _ := strconv.ParseInt(f[5], 16, 64)
			consider(f[9], metric)
		}
	}
	return best
}
