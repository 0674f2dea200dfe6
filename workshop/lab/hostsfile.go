package lab

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/workshop/lab/components"
)

// hostsYAML renders the inventory of the lab. Its paths are relative to the file.
func (s state) hostsYAML() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster: %s\nkubernetes: %s\n", s.Spec.Name, s.Spec.Kubernetes)
	if m := s.Spec.Mirror; m != "" {
		fmt.Fprintf(&b, "artifacts: {mirror: %s, lock: %s, ownBuilds: true}\n", quoteYAML(m),
			quoteYAML(filepath.Join(m, "artifacts.lock")))
	}
	named := components.Named(s.Spec.Kubernetes)
	var versions []string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		versions = append(versions, name+": "+named[name])
	}
	fmt.Fprintf(&b, "versions: # what is a Go module\n  {%s}\n", strings.Join(versions, ", "))
	b.WriteString("# The hosts share this machine's disk: how full it is in percent is nothing to evict pods " +
		"or remove images for.\n" +
		"arguments:\n" +
		"  kubelet: {image-gc-high-threshold: \"100\", eviction-hard: " +
		"\"memory.available<100Mi,nodefs.available<500Mi\"}\n")
	if s.Spec.DualStack {
		b.WriteString("network: {ipv6: {pods: \"fd00:10:244::/56\", services: \"fd00:10:96::/112\"}}\n")
	}
	fmt.Fprintf(&b, "ssh: {user: vagrant, key: %s, knownHosts: %s, hostKeyPolicy: strict, agent: false, "+
		"config: none}\nhosts:\n",
		keyFile, knownHostsFile)
	for _, h := range s.Hosts {
		if !h.Spare {
			b.WriteString(h.Snippet())
		}
	}
	return []byte(b.String())
}

// Snippet returns the host's entry below hosts: in a hosts.yaml.
func (h Host) Snippet() string {
	address := h.Address.String()
	if h.IPv6.IsValid() {
		address += fmt.Sprintf("\n    ipv6: %q", h.IPv6)
	}
	return fmt.Sprintf("  - name: %s\n    address: %s\n    ssh: {address: 127.0.0.1, port: %d}\n    roles: [%s]\n",
		h.Name, address, h.SSHPort, strings.Join(h.Roles, ", "))
}

// quoteYAML quotes a path for a flow mapping when a character of it might mean something there.
func quoteYAML(path string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+", r)
	}
	if path != "" && strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return strconv.Quote(path)
}
