package sshconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/internal/private"
)

// directive is one line of an ssh_config file, as ssh_config(5) describes it.
type directive struct {
	file    string
	line    int
	keyword string // in lower case
	args    []string
	files   []Config // what an Include includes
}

// Config is what ssh_config files say, in the order of their lines.
type Config []directive

// errorf is an error at the directive's place.
func (d directive) errorf(format string, args ...any) error {
	return fault.ConfigInvalid.Errorf("%s:%d: %w", d.file, d.line, fmt.Errorf(format, args...))
}

// maxIncludes is how deep files may include each other, as in ssh.
const maxIncludes = 16

// readConfig reads the ssh_config that the inventory names: that file alone, as ssh does with -F;
// no file for "none"; and for "" the user's, then the system's. Of these two, one that is not there
// says nothing.
func readConfig(choice, home string) (Config, error) {
	user, system := filepath.Join(home, ".ssh"), systemDir()
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
		// Each file is a block of its own, or the last Host of the first would hold in the second
		// too.
		return Config{{keyword: "include", files: []Config{first, second}}}, nil
	}
	return readConfigFile(choice, user, home, 0)
}

// readConfigFile reads one file and what it includes, below dir where the names are relative.
func readConfigFile(path, dir, home string, depth int) (Config, error) {
	if depth > maxIncludes {
		return nil, fault.ConfigInvalid.Errorf("%s: files include each other more than %d times deep",
			path, maxIncludes)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err)
	}
	if depth > 0 && info.IsDir() {
		return nil, nil // one that a wildcard matched
	}
	// What others can write decides where we connect and whom we trust. ssh refuses such a file
	// too.
	access, err := private.Look(path, info)
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err)
	}
	if access.Write != "" || access.Owner != "" && !access.Root {
		return nil, &fault.Error{Code: fault.ConfigInvalid, Err: fmt.Errorf("%s: others can write to it", path),
			Advice: "make it your own (" + private.Own(path) + "), then: " + private.StopWriting(path)}
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
	parts := strings.Split(filepath.ToSlash(filepath.Clean(pattern)), "/")
	for i, part := range strings.Split(filepath.ToSlash(filepath.Clean(name)), "/") {
		if strings.HasPrefix(part, ".") && i < len(parts) && !strings.HasPrefix(parts[i], ".") {
			return true
		}
	}
	return false
}

// parseConfig reads the text of a file, without what it includes.
func parseConfig(file string, text []byte) (Config, error) {
	var all Config
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

// splitArgs cuts a line into words as ssh does: quotes of both kinds, a backslash before a quote, a
// backslash or a space, and a comment where a word begins with "#".
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
			case c == '\\' && i+1 < len(line) && (strings.IndexByte(`"'\`, line[i+1]) >= 0 ||
				quote == 0 && line[i+1] == ' '):
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
