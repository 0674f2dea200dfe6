package plan_test

import (
	"fmt"
	"strconv"
	"strings"
)

// UnitFile is a unit file as systemd reads it: the assignments of each section, in their order.
type UnitFile map[string][]assignment

type assignment struct{ Key, value string }

// ParseUnitFile reads a unit file by the rules of systemd.syntax(7): a line that ends in a
// backslash goes on in the next one, with a blank between; comments are lines of their own, also
// between lines that go on.
func ParseUnitFile(text string) (UnitFile, error) {
	unit, section, line := UnitFile{}, "", ""
	for raw := range strings.Lines(text) {
		raw = strings.TrimSuffix(raw, "\n")
		if strings.HasPrefix(strings.TrimSpace(raw), "#") || strings.HasPrefix(strings.TrimSpace(raw), ";") {
			continue
		}
		line += raw
		if strings.HasSuffix(line, `\`) {
			line = strings.TrimSuffix(line, `\`) + " "
			continue
		}
		whole := strings.TrimSpace(line)
		line = ""
		switch {
		case whole == "":
		case strings.HasPrefix(whole, "["):
			section = strings.Trim(whole, "[]")
		default:
			key, value, ok := strings.Cut(whole, "=")
			if !ok || section == "" {
				return nil, fmt.Errorf("not an assignment in a section: %q", whole)
			}
			unit[section] = append(unit[section], assignment{strings.TrimSpace(key), strings.TrimSpace(value)})
		}
	}
	if line != "" {
		return nil, fmt.Errorf("the last line goes on: %q", line)
	}
	return unit, nil
}

// Values are the values of a key in a section.
func (u UnitFile) Values(section, key string) []string {
	var all []string
	for _, a := range u[section] {
		if a.Key == key {
			all = append(all, a.value)
		}
	}
	return all
}

// CommandLine is what a process gets of an Exec line by the rules of systemd.service(5), "Command
// lines": words are split at white space outside of quotes, C escapes are taken back, then %% and
// $$ are % and $. Other specifiers and variables would be replaced by something of the host's, so
// here they are errors.
func CommandLine(value string) ([]string, error) {
	var words []string
	for rest := strings.TrimLeft(value, " \t\n\r"); rest != ""; rest = strings.TrimLeft(rest, " \t\n\r") {
		word, after, err := firstWord(rest)
		if err != nil {
			return nil, err
		}
		if word == ";" {
			return nil, fmt.Errorf("a semicolon of its own begins another command in %q", value)
		}
		for _, double := range []string{"%", "$"} {
			if strings.Contains(strings.ReplaceAll(word, double+double, ""), double) {
				return nil, fmt.Errorf("%q would be expanded", word)
			}
			word = strings.ReplaceAll(word, double+double, double)
		}
		words, rest = append(words, word), after
	}
	return words, nil
}

// firstWord takes the first word off a command line.
func firstWord(line string) (word, rest string, err error) {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\':
			n, err := unescape(line[i+1:], &b)
			if err != nil {
				return "", "", fmt.Errorf("%w in %q", err, line)
			}
			i += n
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case c == '"' || c == '\'':
			quote = c
		case strings.IndexByte(" \t\n\r", c) >= 0:
			return b.String(), line[i:], nil
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return "", "", fmt.Errorf("a quote is open at the end of %q", line)
	}
	return b.String(), "", nil
}

// unescape takes one C escape after its backslash, and tells how many bytes it has.
func unescape(text string, b *strings.Builder) (int, error) {
	if text == "" {
		return 0, fmt.Errorf("a backslash at the end")
	}
	simple := map[byte]byte{
		'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\', '"': '"', '\'': '\'',
		's': ' ',
	}
	if c, ok := simple[text[0]]; ok {
		b.WriteByte(c)
		return 1, nil
	}
	if text[0] == 'x' && len(text) >= 3 {
		n, err := strconv.ParseUint(text[1:3], 16, 8)
		b.WriteByte(byte(n))
		return 3, err
	}
	return 0, fmt.Errorf(`an unknown escape \%c`, text[0])
}
