package surroundings

import "strings"

// ufwConfig is where ufw notes whether it filters from the next boot on.
const ufwConfig = "/etc/ufw/ufw.conf"

// UFWStarts reports whether ufw filters packets from the next boot on. Its service runs on every
// host that has the package, and reads this file as a shell does, where the last word counts.
func UFWStarts(m Machine) bool {
	starts := false
	for line := range strings.Lines((reader{m}).text(ufwConfig)) {
		if value, isSet := strings.CutPrefix(strings.TrimSpace(line), "ENABLED="); isSet {
			starts = strings.EqualFold(strings.Trim(value, `"'`), "yes")
		}
	}
	return starts
}
