package host

import "strings"

// CloudInit is what a host's cloud-init is at, and what it will do again at each boot.
type CloudInit struct {
	// Runs says that this boot's stages of cloud-init have not ended.
	Runs bool
	// OwnsHosts says that cloud-init writes /etc/hosts from its template at each boot.
	OwnsHosts bool
}

// cloudInit reads the notes that cloud-init makes of a boot in /run: its generator that it is on,
// and its last stage how all of them ended. The template of /etc/hosts names the setting.
func (s surveyor) cloudInit() CloudInit {
	const notes = "/run/cloud-init/"
	return CloudInit{
		Runs:      s.Exists(notes+"enabled") && !s.Exists(notes+"result.json"),
		OwnsHosts: strings.Contains(s.text("/etc/hosts"), "'manage_etc_hosts' as True"),
	}
}
