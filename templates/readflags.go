package templates

import (
	"strings"

	"kbootstrap/internal/unitfile"
)

// ReadFlags reads back the flags of a rendered unit. It is for units that a user may have edited in
// the meantime: what systemd would not understand it takes as it stands, and what is no flag it
// leaves out.
func ReadFlags(unit []byte) Flags {
	flags := Flags{}
	for _, word := range unitfile.Words(commandLine(string(unit))) {
		name, value, ok := strings.Cut(word, "=")
		if name, isFlag := strings.CutPrefix(name, "--"); ok && isFlag {
			flags[name] = value
		}
	}
	return flags
}

// commandLine is what follows the first ExecStart= of a unit, with its continued lines joined.
func commandLine(unit string) string {
	for line := range strings.Lines(strings.ReplaceAll(unit, "\\\n", " ")) {
		if command, ok := strings.CutPrefix(line, "ExecStart="); ok {
			return strings.TrimSuffix(command, "\n")
		}
	}
	return ""
}
