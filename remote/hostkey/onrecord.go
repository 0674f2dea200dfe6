package hostkey

import (
	"slices"

	"golang.org/x/crypto/ssh"
)

// OnRecord returns the fingerprints of the keys that a host may show: those of known_hosts under
// its first name, and the one that the inventory pins. Authorities are none. Files that cannot be
// read have none.
func OnRecord(t Trust) []string {
	var prints []string
	add := func(print string) {
		if !slices.Contains(prints, print) {
			prints = append(prints, print)
		}
	}
	if t.Pin != "" {
		var pinned Checker
		if pinned.setPin(t.Pin) == nil {
			add(pinned.pin)
		}
	}
	db, err := readKnownHosts(t.Files...)
	if err != nil || len(t.Names) == 0 {
		return prints
	}
	for _, line := range db.about(t.Names[0]) {
		if line.marker == "" && line.bad == nil {
			add(ssh.FingerprintSHA256(line.key))
		}
	}
	return prints
}
