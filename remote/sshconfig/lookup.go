package sshconfig

import (
	"fmt"
	"strings"

	"kbootstrap/remote/pattern"
)

// lookup goes through an ssh_config for one host. The first value of a keyword holds, as in ssh.
type lookup struct {
	name  string // what one would type after ssh
	user  string // what is given outside of the file, or empty
	local string // the user who runs this

	final bool // the second pass, for Match final
	again bool // a second pass is wanted
	first map[string]directive
	keys  []directive // IdentityFile, of which all hold
	notes []string    // what the user should know
}

// lookUpConfig returns what an ssh_config says about a host.
func lookUpConfig(lines Config, name, user, local string) (*lookup, error) {
	l := &lookup{name: name, user: user, local: local, first: map[string]directive{}}
	if err := l.read(lines, true); err != nil || !l.again {
		return l, err
	}
	l.final = true
	return l, l.read(lines, true)
}

// read goes through the lines of a file. What is included belongs to the block that contains the
// Include.
func (l *lookup) read(lines Config, outer bool) error {
	active := outer
	for _, d := range lines {
		switch d.keyword {
		case "host":
			active = outer && matchHost(d.args, l.name)
		case "match":
			ok, err := l.match(d)
			if err != nil {
				return err
			}
			active = outer && ok
		case "include":
			for _, file := range d.files {
				if err := l.read(file, active); err != nil {
					return err
				}
			}
		default:
			if active && known[d.keyword] {
				if err := l.take(d); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// take keeps a value if it is the first.
func (l *lookup) take(d directive) error {
	keyword := d.keyword
	switch keyword {
	case "proxycommand", "proxyjump":
		keyword = "proxy" // these two compete
	case "userknownhostsfile", "globalknownhostsfile":
	default:
		if len(d.args) > 1 {
			return d.errorf("%s has more than one value", d.keyword)
		}
	}
	if keyword == "identityfile" {
		for _, have := range l.keys {
			if have.args[0] == d.args[0] {
				return nil
			}
		}
		l.keys = append(l.keys, d)
		return nil
	}
	if _, ok := l.first[keyword]; !ok {
		l.first[keyword] = d
	}
	return nil
}

// value is the first argument of a keyword, or empty.
func (l *lookup) value(keyword string) string {
	if d, ok := l.first[keyword]; ok {
		return d.args[0]
	}
	return ""
}

// matchHost is how Host matches: by what was typed, in its letters' own case.
func matchHost(patterns []string, name string) bool {
	return pattern.Any(patterns, name, pattern.Match)
}

// match evaluates the criteria of a Match. One that would run a program or look at something
// unknown here is not evaluated: its block does not hold, and the user is told.
func (l *lookup) match(d directive) (bool, error) {
	result := true
	for i := 0; i < len(d.args); i++ {
		criterion, value, assigned := strings.Cut(d.args[i], "=")
		bare, negated := strings.CutPrefix(strings.ToLower(criterion), "!")
		var holds bool
		switch bare {
		case "all":
			holds = true
		case "canonical": // names are not canonicalized
		case "final":
			holds, l.again = l.final, true
		default:
			if !assigned {
				if i++; i == len(d.args) {
					return false, d.errorf("Match %s has no value", criterion)
				}
				value = d.args[i]
			}
			text, ok := l.criterion(bare)
			if !ok {
				if result && !l.final {
					l.notes = append(l.notes, fmt.Sprintf(
						"%s:%d: Match %s is not supported, so the lines below it do not apply",
						d.file, d.line, criterion))
				}
				return false, nil
			}
			holds = pattern.List(strings.Split(value, ","), text)
		}
		result = result && holds != negated
	}
	return result, nil
}

// criterion is the text that the patterns of a criterion are compared with.
func (l *lookup) criterion(name string) (text string, ok bool) {
	switch name {
	case "host":
		if d, ok := l.first["hostname"]; ok {
			return strings.ReplaceAll(d.args[0], "%h", l.name), true
		}
		return l.name, true
	case "originalhost":
		return l.name, true
	case "user":
		switch {
		case l.user != "":
			return l.user, true
		case l.value("user") != "":
			return l.value("user"), true
		}
		return l.local, true
	case "localuser":
		return l.local, true
	}
	return "", false
}
