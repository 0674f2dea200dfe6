package audit

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"kbootstrap/host"
)

// field is a value in a document by a path of keys: "authentication.anonymous.enabled".
func field(value any, path string) (any, bool) {
	for key := range strings.SplitSeq(path, ".") {
		m, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = m[key]; !ok || value == nil {
			return nil, false
		}
	}
	return value, true
}

// textOf is a value as a flag would have it.
func textOf(value any) string {
	if list, ok := value.([]any); ok {
		parts := make([]string, len(list))
		for i, v := range list {
			parts[i] = fmt.Sprint(v)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(value)
}

// documentOf is the document that a flag of a process names.
func documentOf(h Host, p host.Daemon, name string) (host.Document, bool, *Verdict) {
	path, set := flagOf(p, name)
	if !set || path == "" {
		return host.Document{}, false, nil
	}
	d, ok := h.Inspection.Document(filepath.Clean(path))
	if !ok || d.Err != "" {
		why := d.Err
		if !ok {
			why = "the file does not exist"
		}
		v := unknown(fmt.Sprintf("--%s of %s names %s: %s", name, of(p), path, why))
		return d, true, &v
	}
	return d, true, nil
}

// decode reads a document into a type.
func decode[T any](d host.Document) (T, error) {
	var into T
	text, err := json.Marshal(d.Value)
	if err != nil {
		return into, err
	}
	return into, json.Unmarshal(text, &into)
}
