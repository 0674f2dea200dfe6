package host

import (
	"net/netip"
	"strings"
)

// resolv returns the first of the usual resolv.conf files with a name server that a pod could reach.
func (m Machine) resolv() string {
	for _, name := range []string{"etc/resolv.conf", "run/systemd/resolve/resolv.conf"} {
		for line := range strings.Lines(m.read(name)) {
			fields := strings.Fields(line)
			if len(fields) < 2 || fields[0] != "nameserver" {
				continue
			}
			if address, err := netip.ParseAddr(fields[1]); err == nil && !address.IsLoopback() {
				return "/" + name
			}
		}
	}
	return ""
}
