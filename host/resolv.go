package host

import "net/netip"

// resolv returns the first of the usual resolv.conf files with a name server that a pod could
// reach.
func (g gatherer) resolv() string {
	for _, name := range []string{"etc/resolv.conf", "run/systemd/resolve/resolv.conf"} {
		for _, server := range g.nameServers(name) {
			if address, err := netip.ParseAddr(server); err == nil && !address.IsLoopback() {
				return "/" + name
			}
		}
	}
	return ""
}
