package templates

import (
	"maps"
	"slices"
	"strings"
)

// Flags are the command line flags of a program by name, without the leading dashes.
type Flags map[string]string

// With returns a copy in which the other flags win. It is how the arguments of the inventory
// override the tool's own.
func (f Flags) With(other map[string]string) Flags {
	merged := maps.Clone(f)
	maps.Copy(merged, other)
	return merged
}

// Lines returns one "--name=value" a flag, sorted by name and quoted for the ExecStart= of a
// systemd unit.
func (f Flags) Lines() []string {
	lines := make([]string, 0, len(f))
	for _, name := range slices.Sorted(maps.Keys(f)) {
		lines = append(lines, quote("--"+name+"="+f[name]))
	}
	return lines
}

// quote makes one word of a command line in a unit file: systemd expands % and $, and splits at
// white space (systemd.service(5), "Command lines").
func quote(word string) string {
	word = strings.NewReplacer("%", "%%", "$", "$$", `\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(word)
	if strings.ContainsAny(word, " \t'\";\\") || word == "" {
		return `"` + word + `"`
	}
	return word
}
