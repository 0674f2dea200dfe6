package surroundings

import (
	"slices"
	"strconv"
	"strings"

	"kbootstrap/internal/unitfile"
)

// StrayCommand returns the command line of a process of a unit of the tool when neither the unit
// nor one of its drop-ins has it any more: then the process was started by what a user has taken
// away since. It is empty when all is well, and when it cannot be told.
func StrayCommand(m Machine, unit string, pid int) string {
	r := reader{m}
	// A process that has just ended has no command line.
	text := strings.TrimSuffix(r.text("/proc/"+strconv.Itoa(pid)+"/cmdline"), "\x00")
	if text == "" {
		return ""
	}
	argv := strings.Split(text, "\x00")
	var written [][]string
	for _, path := range append([]string{ownUnits + "/" + unit}, r.dropInPaths(unit)...) {
		for _, s := range unitfile.Parse(r.text(path)) {
			if s.Section != "Service" || s.Name != "ExecStart" || s.Value == "" {
				continue
			}
			command, known := argvOf(s.Value)
			if !known {
				return ""
			}
			written = append(written, command)
		}
	}
	if written == nil || slices.ContainsFunc(written, func(w []string) bool { return slices.Equal(w, argv) }) {
		return ""
	}
	return strings.Join(argv, " ")
}

// argvOf is what a program is started with by an ExecStart=. It is not known where systemd puts in
// what only systemd knows: variables and specifiers.
func argvOf(command string) (argv []string, known bool) {
	plain := strings.NewReplacer("$$", "", "%%", "").Replace(command)
	if strings.ContainsAny(plain, "$%") {
		return nil, false
	}
	words := unitfile.Words(command)
	name := strings.TrimLeft(words[0], "@-:+!")
	if strings.Contains(words[0][:len(words[0])-len(name)], "@") {
		return words[1:], true // the second word is what the program takes for its name
	}
	words[0] = name
	return words, true
}
