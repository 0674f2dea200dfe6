package kube

import "fmt"

// Project keeps of a found value what the wanted one speaks of, so that the two can be compared: of
// an object its fields, of a list of named things those with the same names, of any other list
// everything.
func Project(found, wanted any, path string) any {
	switch w := wanted.(type) {
	case map[string]any:
		return projectFields(found, w, path)
	case []any:
		return projectList(found, w, path)
	}
	if found == nil && isZero(wanted) {
		return wanted // the API leaves out what is empty
	}
	return found
}

func projectFields(found any, wanted map[string]any, path string) any {
	fields, ok := found.(map[string]any)
	if !ok && found != nil {
		return found
	}
	if !ok && isZero(wanted) {
		return wanted
	}
	kept := map[string]any{}
	for k, w := range wanted {
		if w == nil {
			continue
		}
		f, there := fields[k]
		if !there && !isZero(w) {
			continue
		}
		kept[k] = Project(f, w, joinPath(path, k))
	}
	return kept
}

func projectList(found any, wanted []any, path string) any {
	list, ok := found.([]any)
	if !ok {
		if found == nil && len(wanted) == 0 {
			return wanted
		}
		return found
	}
	var kept []any
	if keyedByName(wanted, path) && keyedByName(list, path) {
		byName := map[string]any{}
		for i, f := range list {
			byName[ElementKey(list, i, path)] = f
		}
		for i, w := range wanted {
			if f, there := byName[ElementKey(wanted, i, path)]; there {
				kept = append(kept, Project(f, w, path+"[]"))
			}
		}
		return kept
	}
	for i, f := range list {
		if i < len(wanted) {
			f = Project(f, wanted[i], path+"[]")
		}
		kept = append(kept, f)
	}
	return kept
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// isZero reports whether the API would leave the value out.
func isZero(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case map[string]any:
		for _, child := range v {
			if !isZero(child) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	}
	return fmt.Sprint(value) == "0"
}
