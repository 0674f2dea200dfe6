package host

import (
	"strconv"
	"strings"
)

// context reads the current context of a kubeconfig, in which names may be quoted. The rest of the
// file, and the keys in it, stay on the host.
func (s surveyor) context(path string) string {
	if path == "" {
		return ""
	}
	for line := range strings.Lines(s.text(path)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "current-context:")
		if !ok {
			continue
		}
		name = strings.TrimSpace(name)
		if plain, err := strconv.Unquote(name); err == nil {
			return plain
		}
		return name
	}
	return ""
}
