package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"kbootstrap/fault"
)

// directive is one line of an ssh_config file, as ssh_config(5) describes it.
type directive struct {
	file    string
	line    int
	keyword string // in lower case
	args    []string
	files   [][]directive // what an Include includes
}

// errorf is an error at the directive's place.
func (d directive) errorf(format string, args ...any) error {
	return fault.ConfigInvalid.Errorf("%s:%d: %w", d.file, d.line, fmt.Errorf(format, args...))
}

// maxIncludes is how deep files may include each other, as in ssh.
const maxIncludes = 16

// readConfig reads the ssh_config that the inventory names: that file alone, as ssh does with -F; no file for "none"; and for
// "" the user's, then the system's. Of these two, one that is not there says nothing.
func readConfig(choice, home string) ([]directive, error) {
	user, system := filepath.Join(home, ".ssh"), "/etc/ssh"
	switch choice {
	case "none":
		return nil, nil
	case "":
		first, err := readConfigFile(filepath.Join(user, "config"), user, home, 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		second, err := readConfigFile(filepath.Join(system, "ssh_config"), system, home, 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		// Each file is a block of its own, or the last Host of the first would hold in the second too.
		return []directive{{keyword: "include", files: [][]directive{first, second}}}, nil
	}
	return readConfigFile(choice, user, home, 0)
}

// readConfigFile reads one file and what it includes, below dir where the names are relative.
func readConfigFile(path, dir, home string, depth int) ([]directive, error) {
	if depth > maxIncludes {
		return nil, fault.ConfigInvalid.Errorf("%s: files include each other more than %d times deep", path, maxIncludes)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err)
	}
	if depth > 0 && info.IsDir() {
		return nil, nil // one that a wildcard matched
	}
	// What others can write decides where we connect and whom we trust. ssh refuses such a file too.
	owner, ok := info.Sys().(*syscall.Stat_t)
	if info.Mode().Perm()&0o022 != 0 || ok && owner.Uid != 0 && int(owner.Uid) != os.Getuid() {
		return nil, &fault.Error{Code: fault.ConfigInvalid, Err: fmt.Errorf("%s: others can write to it", path),
			Advice: "chown it to yourself, then: chmod go-w " + path}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err)
	}
	all, err := parseConfig(path, text)
	if err != nil {
		return nil, err
	}
	for i, d := range all {
		if d.keyword != "include" {
			continue
		}
		for _, arg := range d.args {
			found, err := filepath.Glob(includePath(arg, dir, home))
			if err != nil {
				return nil, d.errorf("Include %s: %w", arg, err)
			}
			for _, name := range found {
				if matchesHidden(includePath(arg, dir, home), name) {
					continue
				}
				inner, err := readConfigFile(name, dir, home, depth+1)
				if errors.Is(err, fs.ErrNotExist) {
					continue // a link that leads nowhere. What includes it still holds
				}
				if err != nil {
					return nil, fmt.Errorf("%s:%d: %w", d.file, d.line, err)
				}
				all[i].files = append(all[i].files, inner)
			}
		}
	}
	return all, nil
}

func includePath(name, dir, home string) string {
	switch {
	case strings.HasPrefix(name, "~/"):
		return filepath.Join(home, name[2:])
	case filepath.IsAbs(name):
		return name
	}
	return filepath.Join(dir, name)
}

// matchesHidden reports whether a wildcard matched a period at the beginning of a name, which
// glob(3) does not let it.
func matchesHidden(pattern, name string) bool {
	parts := strings.Split(filepath.Clean(pattern), "/")
	for i, part := range strings.Split(filepath.Clean(name), "/") {
		if strings.HasPrefix(part, ".") && i < len(parts) && !strings.HasPrefix(parts[i], ".") {
			return true
		}
	}
	return false
}

// parseConfig reads the text of a file, without what it includes.
func parseConfig(file string, text []byte) ([]directive, error) {
	var all []directive
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		line := strings.TrimSpace(string(raw))
		if line == "" || line[0] == '#' {
			continue
		}
		d := directive{file: file, line: number}
		end := strings.IndexAny(line, " \t=")
		if end < 0 {
			end = len(line)
		}
		d.keyword = strings.ToLower(line[:end])
		rest := strings.TrimLeft(line[end:], " \t")
		if rest = strings.TrimPrefix(rest, "="); d.keyword == "" {
			return nil, d.errorf("a line begins with an equals sign")
		}
		var err error
		if d.args, err = splitArgs(rest); err != nil && known[d.keyword] {
			return nil, d.errorf("%w", err)
		}
		if known[d.keyword] && len(d.args) == 0 {
			return nil, d.errorf("%s has no value", line[:end])
		}
		all = append(all, d)
	}
	return all, nil
}

// splitArgs cuts a line into words as ssh does: quotes of both kinds, a backslash before a quote, a backslash or a space, and
// a comment where a word begins with "#".
func splitArgs(line string) ([]string, error) {
	var args []string
	for line = strings.TrimLeft(line, " \t"); line != "" && line[0] != '#'; line = strings.TrimLeft(line, " \t") {
		var (
			word  strings.Builder
			quote byte
			i     int
		)
		for ; i < len(line); i++ {
			c := line[i]
			switch {
			case c == '\\' && i+1 < len(line) && (strings.IndexByte(`"'\`, line[i+1]) >= 0 || quote == 0 && line[i+1] == ' '):
				i++
				word.WriteByte(line[i])
				continue
			case quote == 0 && (c == ' ' || c == '\t'):
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
				continue
			case quote != 0 && c == quote:
				quote = 0
				continue
			default:
				word.WriteByte(c)
				continue
			}
			break
		}
		if quote != 0 {
			return nil, errors.New("a quote is not closed")
		}
		args, line = append(args, word.String()), line[i:]
	}
	return args, nil
}

// known are the keywords that are looked at. All others are for things that this tool does not do.
var known = map[string]bool{
	"host": true, "match": true, "include": true,
	"hostname": true, "port": true, "user": true, "connecttimeout": true,
	"identityfile": true, "identitiesonly": true, "identityagent": true,
	"proxyjump": true, "proxycommand": true,
	"userknownhostsfile": true, "globalknownhostsfile": true, "hostkeyalias": true,
	"stricthostkeychecking": true, "hashknownhosts": true, "revokedhostkeys": true,
}

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
func lookUpConfig(config []directive, name, user, local string) (*lookup, error) {
	l := &lookup{name: name, user: user, local: local, first: map[string]directive{}}
	if err := l.read(config, true); err != nil || !l.again {
		return l, err
	}
	l.final = true
	return l, l.read(config, true)
}

// read goes through the lines of a file. What is included belongs to the block that contains the Include.
func (l *lookup) read(config []directive, outer bool) error {
	active := outer
	for _, d := range config {
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
	return matchAny(patterns, name, match)
}

// match evaluates the criteria of a Match. One that would run a program or look at something unknown here is not evaluated:
// its block does not hold, and the user is told.
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
						"%s:%d: Match %s is not supported, so the lines below it do not apply", d.file, d.line, criterion))
				}
				return false, nil
			}
			holds = matchList(strings.Split(value, ","), text)
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
