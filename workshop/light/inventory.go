package light

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh/knownhosts"

	"kbootstrap/internal/atomic"
)

// The files of a lab.
const (
	KeyFile   = "id_ed25519" // lets root in on every host
	mirrorDir = "mirror"
)

// Inventory writes an inventory of some hosts, by the number of the first, and the known_hosts that
// belongs to it, and returns its path. The hosts are logged in to at the addresses that ssh
// returns, by their number.
func (l *Lab) Inventory(name string, first, hosts int, ssh func(n int) netip.AddrPort) (string, error) {
	var b, known strings.Builder
	fmt.Fprintf(&b, "cluster: %s\nkubernetes: %s\n", name, l.Kubernetes)
	fmt.Fprintf(&b, "artifacts: {mirror: %s, lock: %[1]s/artifacts.lock, ownBuilds: true}\n", mirrorDir)
	b.WriteString("network: {pods: 10.244.0.0/14}\n" + // room for a thousand hosts
		"addons: {metrics: {enabled: false}, storage: {enabled: false}}\n")
	fmt.Fprintf(&b, "ssh: {user: root, key: %s, knownHosts: known_hosts-%s, hostKeyPolicy: strict, agent: false, "+
		"config: none}\nhosts:\n", KeyFile, name)
	for i, h := range l.hosts[first : first+hosts] {
		n := first + i
		role, way := "worker", ssh(n)
		if i == 0 {
			role = "control-plane, etcd, worker"
		}
		fmt.Fprintf(&b, "  - {name: %s, address: %s, ssh: {address: %s, port: %d}, roles: [%s]}\n", h.Name,
			addressOf(n),
			way.Addr(), way.Port(), role)
		fmt.Fprintf(&known, "%s %s\n", knownhosts.Normalize(way.String()), h.hostKey)
	}
	path := filepath.Join(l.Dir, name+".yaml")
	if err := atomic.WriteFile(filepath.Join(l.Dir, "known_hosts-"+name), []byte(known.String()), 0o644); err != nil {
		return "", err
	}
	return path, atomic.WriteFile(path, []byte(b.String()), 0o644)
}

// Direct is the way to a host's own sshd.
func Direct(n int) netip.AddrPort { return netip.AddrPortFrom(addressOf(n), 22) }
