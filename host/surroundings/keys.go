package surroundings

import (
	"path/filepath"
	"strings"
)

// keys finds the files that set one of the keys to something else than the tool's own file does.
func (r reader) keys(q KeysQuery) []Setting {
	own := map[string]string{}
	for _, s := range r.tomlSettings(q.Main) {
		own[s.Name] = s.Value
	}
	var found []Setting
	paths, _ := filepath.Glob(r.Path(q.Pattern)) // the pattern is a good one
	for _, path := range paths {
		name := filepath.Join(filepath.Dir(q.Pattern), filepath.Base(path))
		for _, s := range r.tomlSettings(name) {
			if isOneOf(s.Name, q.Keys) && own[s.Name] != s.Value {
				s.Of = q.Pattern
				found = append(found, s)
			}
		}
	}
	return found
}

// isOneOf reports whether a key, with its tables, ends in one of the wanted.
func isOneOf(key string, wanted []string) bool {
	for _, w := range wanted {
		if key == w || strings.HasSuffix(key, "."+w) {
			return true
		}
	}
	return false
}

// tomlSettings are the assignments of a file in TOML, one a line, with the names of their tables
// before them. It is for finding and not for reading: what stands on several lines has the value of
// the first.
func (r reader) tomlSettings(file string) []Setting {
	var all []Setting
	plain := strings.NewReplacer(`"`, "", "'", "", " ", "")
	table, number := "", 0
	for line := range strings.Lines(r.text(file)) {
		number++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			if end := strings.LastIndexByte(line, ']'); end > 0 && !strings.Contains(line, "=") {
				table = plain.Replace(strings.Trim(line[:end], "[]")) + "."
				continue
			}
		}
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			value, _, _ = strings.Cut(value, " #")
			all = append(all, Setting{
				Path: file, Line: number, Name: table + plain.Replace(key), Value: strings.TrimSpace(value),
			})
		}
	}
	return all
}
