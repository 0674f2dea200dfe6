package preflight

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

const firewalld = "firewalld.service"

// numbers are the leading numbers of a version, "6.1.0-18-amd64" as 6, 1, 0.
func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(part)
		}
		n, err := strconv.Atoi(part[:end])
		if err != nil {
			break
		}
		all = append(all, n)
		if end < len(part) {
			break
		}
	}
	return all
}

// older reports whether a version comes before another.
func older(version, than string) bool { return slices.Compare(numbers(version), numbers(than)) < 0 }

// controllers are those without which a kubelet does not start.
var controllers = []string{"cpu", "memory", "pids"}

func systemVerification(_ Scene, h Host) []Finding {
	var found []Finding
	if h.Facts.Systemd == 0 {
		found = append(found, one(Fail, "the host does not run systemd")...)
	}
	for _, c := range controllers {
		if len(h.Survey.Controllers) > 0 && !slices.Contains(h.Survey.Controllers, c) {
			found = append(found, one(Fail, "the kernel's cgroup controller %s is off", c)...)
		}
	}
	if found == nil {
		return one(OK, "%s, kernel %s, systemd %d", cmp.Or(h.Facts.OS.Name, "Linux"), h.Facts.Kernel, h.Facts.Systemd)
	}
	return found
}

func swap(_ Scene, h Host) []Finding {
	if h.Facts.Swap {
		return one(OK, "in use; up turns swap off")
	}
	return one(OK, "off")
}

func firewalls(s Scene, h Host) []Finding {
	if s.Cluster.Firewall == inventory.FirewallConfigure {
		return nil // another check says what is done
	}
	var found []Finding
	for _, name := range h.firewalls() {
		if s.Cluster.Firewall == inventory.FirewallDisable {
			found = append(found, one(OK, "%s runs; up turns %s off", name, name)...)
		} else {
			found = append(found, one(Warn, "%s runs, because the inventory says firewall: leave", name)...)
		}
	}
	if found == nil {
		return one(OK, "neither firewalld nor ufw runs")
	}
	return found
}

// firewalls names the firewalls that run on the host, or will from the next boot on.
func (h Host) firewalls() []string {
	var names []string
	if h.active(firewalld) {
		names = append(names, "firewalld")
	}
	if h.Facts.UFW {
		names = append(names, "ufw")
	}
	return names
}

// selinux judges whether SELinux forbids what the services and containers of a cluster do.
func selinux(s Scene, h Host) []Finding {
	switch {
	case h.Facts.SELinux != "enforcing":
		return one(OK, "%s", cmp.Or(h.Facts.SELinux, "disabled"))
	case s.Cluster.SELinux == inventory.SELinuxPermissive:
		return one(OK, "enforcing; up makes SELinux permissive")
	}
	return one(Warn, "SELinux enforces its policy, because the inventory says selinux: leave")
}

// configuredFirewall judges whether a firewall can be had that lets in what the cluster needs.
func configuredFirewall(s Scene, h Host) []Finding {
	switch {
	case s.Cluster.Firewall != inventory.FirewallConfigure:
		return nil
	case h.Facts.UFW:
		f := one(Fail, "ufw runs, and drops what a table of nftables or firewalld lets in")
		f[0].Hint = "on that host: ufw disable, and `up` lets in what the cluster needs by firewalld or nftables; " +
			"or set firewall: disable in the inventory, and `up` turns ufw off"
		return f
	case h.Facts.Firewalld == "" && h.active(firewalld):
		return one(Fail, "firewalld runs, and does not answer on the bus of the system")
	case h.Facts.Firewalld == "":
		return one(OK, "firewalld does not run; a table of nftables lets in what the cluster needs")
	case older(h.Facts.Firewalld, component.OldestFirewalld):
		return one(Fail, "firewalld %s is older than %s, the first that has policies", h.Facts.Firewalld,
			component.OldestFirewalld)
	}
	return one(OK, "firewalld %s runs, and lets in what the cluster needs", h.Facts.Firewalld)
}

func glibc(_ Scene, h Host) []Finding {
	if len(h.Glibc) == 0 {
		return one(OK, "%s; all programs are static", cmp.Or(h.Facts.Glibc, "none"))
	}
	var found []Finding
	for _, program := range slices.Sorted(maps.Keys(h.Glibc)) {
		if need := h.Glibc[program]; older(h.Facts.Glibc, need) {
			found = append(found,
				one(Fail, "%s needs glibc %s; the host has %s", program, need, cmp.Or(h.Facts.Glibc, "none"))...)
		}
	}
	if found == nil {
		return one(OK, "%s", h.Facts.Glibc)
	}
	return found
}

func iptables(_ Scene, h Host) []Finding {
	version := h.Facts.IPTables
	switch {
	case version == "" && slices.Contains(h.Packages, "iptables"):
		return one(OK, "missing; up installs iptables")
	case version == "":
		return one(Fail, "iptables does not report its version")
	case older(version, "1.4.20"):
		return one(Fail, "%s is older than 1.4.20, the first that waits for others (-w)", version)
	case strings.Contains(version, "nf_tables") && older(version, "1.8.3"):
		return one(Warn, "%s loses rules of kube-proxy", version)
	}
	return one(OK, "%s", version)
}

func kernelModules(_ Scene, h Host) []Finding {
	var found []Finding
	var present []string
	for _, m := range h.Survey.Modules {
		switch m.State {
		case host.ModuleMissing:
			found = append(found, one(Fail, "the kernel %s has no module %s", h.Facts.Kernel, m.Name)...)
		case host.ModuleUnknown:
			// These have a sign of their being there (see node); the others may be built in without
			// one.
			if m.Name == inventory.WireGuard {
				// Its version stands in /sys/module wherever it is loaded or built in.
				found = append(found, one(Fail, "the kernel %s shows no sign of wireguard; Linux may have it "+
					"since 5.6", h.Facts.Kernel)...)
			}
			if m.Name == "nfs" {
				// A client that is built in stands in /proc/filesystems.
				found = append(found, one(Fail, "the kernel %s shows no sign of a client of NFS, which addons.nfs "+
					"needs", h.Facts.Kernel)...)
			}
			if m.Name == "overlay" || m.Name == "br_netfilter" {
				found = append(
					found,
					one(Warn, "the kernel shows no sign of %s, and the host has no list of its modules", m.Name)...,
				)
			}
		default:
			present = append(present, m.Name)
		}
	}
	if found == nil {
		return one(OK, "%s", strings.Join(present, ", "))
	}
	return found
}

func fileExisting(_ Scene, h Host) []Finding {
	needed := []string{"systemctl", "mount"}
	if slices.ContainsFunc(h.Survey.Modules, func(m host.ModuleState) bool { return m.State == host.ModuleAvailable }) {
		needed = append(needed, "modprobe")
	}
	var found []Finding
	for _, program := range needed {
		f := Finding{ID: "FileExisting-" + program, Level: OK, Evidence: h.Facts.Programs[program]}
		if f.Evidence == "" {
			f.Level, f.Evidence = Fail, "the host has no program "+program
		}
		found = append(found, f)
	}
	return found
}

func packageManager(_ Scene, h Host) []Finding {
	if len(h.Packages) == 0 {
		return one(OK, "nothing to install")
	}
	wanted := strings.Join(h.Packages, ", ")
	if h.Facts.PackageManager == "" {
		f := one(Fail, "%s must be installed, but the host has none of apt-get, dnf and yum", wanted)
		f[0].Hint = "install the package by hand"
		return f
	}
	if lock := h.Survey.PackageLock; lock != nil {
		return one(Warn, "%s must be installed, but %s (pid %d) holds %s", wanted, lock.Program, lock.PID, lock.Path)
	}
	return one(OK, "%s installs %s", h.Facts.PackageManager, wanted)
}

// leastConntrack is what kube-proxy raises the limit to (conntrack.min of its configuration, by
// default).
const leastConntrack = 131072

func conntrackMax(_ Scene, h Host) []Finding {
	limit, known := h.Survey.Limits["net.netfilter.nf_conntrack_max"]
	switch {
	case !known:
		return one(OK, "not tracked yet")
	case limit < leastConntrack && !h.Facts.ConntrackWritable:
		return one(Warn, "%d, and the limit cannot be raised from this host", limit)
	case limit < leastConntrack:
		return one(OK, "%d; kube-proxy raises it", limit)
	}
	return one(OK, "%d", limit)
}

func inotifyLimits(_ Scene, h Host) []Finding {
	var found []Finding
	for _, l := range []struct {
		name  string
		least int64
	}{{"fs.inotify.max_user_instances", 128}, {"fs.inotify.max_user_watches", 8192}} {
		if limit, known := h.Survey.Limits[l.name]; known && limit < l.least {
			found = append(found, one(Warn, "%s is %d", l.name, limit)...)
		}
	}
	if found == nil {
		return one(OK, "enough")
	}
	return found
}
