package sshconfig

import (
	"path/filepath"
	"strings"
)

// expander replaces what ssh_config(5) has under TOKENS and ENVIRONMENT VARIABLES.
type expander struct {
	home     string
	tokens   map[byte]string
	variable func(string) string
}

// path is a file name with its tokens, its variables and its tilde replaced.
func (x expander) path(d directive, text string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if value := x.variable(name); closed && value != "" {
			b.WriteString(value)
			text = after
			continue
		}
		return "", d.errorf("the environment variable ${%s is not set", rest)
	}
	path, err := expand(d, b.String(), x.tokens)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		path = filepath.Join(x.home, rest)
	}
	return path, err
}

// files are all values of a keyword; "none" is none.
func (x expander) files(d directive) ([]string, error) {
	if len(d.args) == 1 && d.args[0] == "none" {
		return nil, nil
	}
	var all []string
	for _, arg := range d.args {
		path, err := x.path(d, arg)
		if err != nil {
			return nil, err
		}
		all = append(all, path)
	}
	return all, nil
}

// expand replaces percent signs.
func expand(d directive, text string, tokens map[byte]string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		if i++; i == len(text) {
			return "", d.errorf("%q ends with a percent sign", text)
		}
		value, ok := tokens[text[i]]
		if text[i] == '%' {
			value, ok = "%", true
		}
		if !ok {
			return "", d.errorf("%q: %%%c is not supported here", text, text[i])
		}
		b.WriteString(value)
	}
	return b.String(), nil
}
