package host

import (
	"strconv"
	"strings"
)

// context reads the current context of a kubeconfig and the name of its first user, which may be
// quoted. The rest of the file, and the keys in it, stay on the host.
func (s surveyor) context(path string) (context, user string) {
	if path == "" {
		return "", ""
	}
	for line := range strings.Lines(s.text(path)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch value = plainName(value); {
		case key == "current-context":
			context = value
		case key == "user" && value != "" && user == "":
			user = value
		}
	}
	return context, user
}

// plainName is a name of a YAML file without its quotes.
func plainName(text string) string {
	text = strings.TrimSpace(text)
	if plain, err := strconv.Unquote(text); err == nil {
		return plain
	}
	return text
}
