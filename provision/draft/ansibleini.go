package draft

import (
	"errors"
	"strings"
)

// ini reads an inventory in the form of INI: sections in brackets, a host a line with its variables
// behind it, `[group:vars]` and `[group:children]`.
func (r *ansible) ini(text string) {
	g, part := r.group("ungrouped"), ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		section, isSection := strings.CutPrefix(line, "[")
		// A host may begin with a range, which has digits or letters about a colon.
		if name, rest, closed := strings.Cut(section, "]"); isSection && closed && isComment(rest) {
			name, part, _ = strings.Cut(name, ":")
			if part != "" && part != "vars" && part != "children" {
				r.problem(number, 1, "", "[%s:%s]: a section is a group, its vars, or its children", name, part)
			}
			g = r.group(name)
			continue
		}
		switch part {
		case "vars":
			r.iniVariable(g.vars, line, number)
		case "children":
			if words, err := shellWords(line); err != nil || len(words) != 1 {
				r.problem(number, 1, "", "a line of children is the name of a group")
			} else {
				r.group(words[0])
				g.children = append(g.children, words[0])
			}
		default:
			r.iniHost(g, line, number)
		}
	}
}

func isComment(rest string) bool {
	rest = strings.TrimSpace(rest)
	return rest == "" || rest[0] == '#' || rest[0] == ';'
}

// iniHost reads a host and its variables. The message does not show them: there may be a password.
func (r *ansible) iniHost(g *group, line string, number int) {
	words, err := shellWords(line)
	if err != nil {
		r.problem(number, 1, asYAML, "%v", err)
		return
	}
	vars := variables{}
	for _, word := range words[1:] {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			r.problem(number, 1, asYAML, "behind a host stand its variables, as key=value")
			return
		}
		vars[key] = variable{text: value, line: number, column: 1}
	}
	pattern := words[0]
	// host:port; the colons of a range stand in brackets.
	if at := strings.LastIndex(pattern, ":"); at > strings.LastIndex(pattern, "]") && !isAddress(pattern) {
		vars["ansible_port"] = variable{text: pattern[at+1:], line: number, column: 1}
		pattern = pattern[:at]
	}
	r.add(g, pattern, vars, number, 1)
}

func (r *ansible) iniVariable(vars variables, line string, number int) {
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		r.problem(number, 1, asYAML, "a line of variables is key=value")
		return
	}
	value = strings.TrimSpace(value)
	if words, err := shellWords(value); err == nil && len(words) == 1 {
		value = words[0] // without its quotes and its comment
	}
	vars[strings.TrimSpace(key)] = variable{text: value, line: number, column: 1}
}

// shellWords cuts a line into words as a shell does, up to a comment. There is one at least.
func shellWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	open, escaped := false, false
	for _, c := range line {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, open = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '"' || c == '\'':
			quote, open = c, true
		case c == ' ' || c == '\t':
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		case c == '#' && !open:
			return atLeastOne(words)
		default:
			word.WriteRune(c)
			open = true
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if open {
		words = append(words, word.String())
	}
	return atLeastOne(words)
}

func atLeastOne(words []string) ([]string, error) {
	if len(words) == 0 {
		return nil, errors.New("nothing is on the line")
	}
	return words, nil
}
