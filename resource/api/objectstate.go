package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/kube"
	"kbootstrap/resource"
)

// StateOf shows every field, one a line, sorted by path.
func StateOf(m kube.Manifest) string {
	lines := map[string]string{}
	flatten(m, lines, "", m.Fields)
	var text []string
	for _, path := range slices.Sorted(maps.Keys(lines)) {
		text = append(text, lines[path])
	}
	return resource.States(text...)
}

func flatten(m kube.Manifest, lines map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for k, child := range v {
			flatten(m, lines, strings.TrimPrefix(path+"."+k, "."), child)
		}
		if len(v) == 0 {
			lines[path] = path + ": {}"
		}
	case []any:
		for i, child := range v {
			flatten(m, lines, path+"["+kube.ElementKey(v, i, path)+"]", child)
		}
		if len(v) == 0 {
			lines[path] = path + ": []"
		}
	case string:
		lines[path] = showText(m, path, v)
	case nil:
	default:
		lines[path] = fmt.Sprintf("%s: %v", path, v)
	}
}

// showText shows one string: a Secret's data as a digest, and so what is no text for people; a long
// text line by line.
func showText(m kube.Manifest, path, v string) string {
	if m.Kind == "Secret" && strings.HasPrefix(path, "data.") || strings.HasSuffix(path, "caBundle") {
		return path + ": " + strings.TrimPrefix(resource.ShowSum(resource.Sum([]byte(v)), 0), "content ")
	}
	if json.Valid([]byte(v)) {
		return path + ": " + strconv.Quote(v) // not to be mistaken for a number or the like
	}
	if !strings.Contains(v, "\n") {
		return path + ": " + v
	}
	return path + ":\n" + resource.TextLines([]byte(v))
}
