// Package unitfile reads the files of systemd as systemd does: units, drop-ins, system.conf. Start
// at Parse.
package unitfile

import "strings"

// Setting is one assignment in a file. An empty Value takes back what was assigned before.
type Setting struct {
	Section string // "Service"
	Name    string // "ExecStart"
	Value   string // with its continued lines joined
	Line    int    // where it begins, from 1
}

// Parse returns the assignments of a file in their order. What systemd would not understand is left
// out, as systemd leaves it out.
func Parse(text string) []Setting {
	var all []Setting
	var section, joined string
	begin := 0
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue // also within a continued line
		}
		if begin == 0 {
			begin = number
		}
		if part, continued := strings.CutSuffix(line, `\`); continued {
			joined += part + " "
			continue
		}
		line, joined = joined+line, ""
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = line[1 : len(line)-1]
		} else if name, value, ok := strings.Cut(line, "="); ok && section != "" {
			all = append(all, Setting{section, strings.TrimSpace(name), strings.TrimSpace(value), begin})
		}
		begin = 0
	}
	return all
}

// Words are the words of a value with several of them, such as a command line: split at white
// space, without quotes and escapes.
func Words(value string) []string {
	var (
		all   []string
		word  strings.Builder
		in    bool
		quote rune
	)
	runes := []rune(value)
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
