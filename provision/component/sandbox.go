package component

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/templates"
)

// lastKilled is the score of services whose loss costs more than a pod: the kernel kills them after
// everything else. -1000 would take them out of its reach, also when they are what leaks.
const lastKilled = -999

// sandbox returns what a service may do on this host.
func (t Target) sandbox(s templates.Sandbox) templates.Sandbox {
	s.Systemd = t.Facts.Systemd
	return s
}

// filterSandbox returns what a service may do that changes the network of this host and its packet
// filter, and nothing else of it. The programs of iptables take the lock below /run.
func (t Target) filterSandbox(s templates.Sandbox) templates.Sandbox {
	s.Capabilities = append([]string{"CAP_NET_ADMIN", "CAP_NET_RAW"}, s.Capabilities...)
	s.Families = append(s.Families, "AF_NETLINK")
	s.SharedRun = append(s.SharedRun, "xtables.lock")
	s.Tunes = true
	return t.sandbox(s)
}

// bindCapability returns the capability to listen on ports, if they are those of root alone.
func bindCapability(port int) []string {
	if port >= 1024 {
		return nil
	}
	return []string{"CAP_NET_BIND_SERVICE"}
}

// namesRun reports whether an argument of the inventory names something below /run, or a file that
// may do so.
func namesRun(arguments map[string]string, files ...string) bool {
	for name, value := range arguments {
		if slices.Contains(files, name) || strings.Contains(value, "/run/") {
			return true
		}
	}
	return false
}

// auditDirectory is where the inventory has the audit log written, if that is elsewhere than where
// the tool has it.
func auditDirectory(c *inventory.Cluster) []string {
	file := cmp.Or(c.Arguments[APIServer]["audit-log-path"], "-")
	if dir := path.Dir(path.Clean(file)); file != "-" && dir != auditLogs {
		return []string{dir}
	}
	return nil
}
