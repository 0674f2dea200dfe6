package templates

import "strings"

// ReadFlags reads back the flags of a rendered unit. It is for units that a user may have edited in
// the meantime: what systemd would not understand it takes as it stands, and what is no flag it
// leaves out.
func ReadFlags(unit []byte) Flags {
	flags := Flags{}
	for _, word := range words(commandLine(string(unit))) {
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

// words are the words of a command line in a unit, read by the rules that quote writes by.
func words(line string) []string {
	var (
		all   []string
		word  strings.Builder
		in    bool
		quote rune
	)
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		next := rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case quote == 0 && strings.ContainsRune(" \t\r", c):
			if in {
				all = append(all, word.String())
			}
			word.Reset()
			in = false
			continue
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == '\\' && next != 0:
			word.WriteRune(unescaped(next))
			i++
		case (c == '%' || c == '$') && next == c:
			word.WriteRune(c)
			i++
		default:
			word.WriteRune(c)
		}
		in = true
	}
	if in {
		all = append(all, word.String())
	}
	return all
}

// unescaped is the letter that stands behind a backslash.
func unescaped(c rune) rune {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	}
	return c
}
