package hostkey

import (
	"strings"
	"testing"
)

// FuzzKnownHosts: whatever stands in known_hosts, each line about a host has a key or a reason, and
// its place.
func FuzzKnownHosts(f *testing.F) {
	f.Add("w1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n", "w1")
	f.Fuzz(func(t *testing.T, known, name string) {
		lines := parseKnownHosts("known_hosts", []byte(known))
		for _, l := range lines.about(name) {
			if l.bad == nil && l.key == nil || l.line < 1 || l.line > strings.Count(known, "\n")+1 {
				t.Errorf("line %+v", l)
			}
		}
	})
}
