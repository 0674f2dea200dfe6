package inventory

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// manifestReader reads the objects of one document.
type manifestReader struct{ *reader }

// tree is the value of a YAML document; nil when it has none, or problems.
func (r *manifestReader) tree(text string) *node {
	if !r.readable(text) {
		return nil
	}
	return r.parseYAML(text)
}

// objects are those of a value: itself, or the items of a list.
func (r *manifestReader) objects(v *node) []Manifest {
	if v.kind != mapping {
		r.wrong(v, "an object with apiVersion, kind and metadata", "")
		return nil
	}
	fields := r.fieldsOf(v)
	items, kind := fields["items"], textOf(fields["kind"])
	if items != nil && items.kind == list && strings.HasSuffix(kind, "List") {
		var all []Manifest
		for _, item := range items.items {
			all = append(all, r.objects(item)...)
		}
		return all
	}
	m := Manifest{File: r.file, Line: max(v.line, 1) + r.offset}
	meta := map[string]*node{}
	if n := fields["metadata"]; n != nil && n.kind == mapping {
		meta = r.fieldsOf(n)
	}
	r.word(v, fields, "apiVersion", &m.APIVersion, apiVersionPattern, "such as apps/v1")
	r.word(v, fields, "kind", &m.Kind, kindPattern, "such as Deployment")
	if meta["name"] == nil && meta["generateName"] != nil {
		r.at(meta["generateName"], "write metadata.name",
			"the object has no name of its own: each run would make another")
		return nil
	}
	r.word(v, meta, "name", &m.Name, objectNamePattern, "in metadata")
	if meta["namespace"] != nil {
		r.word(v, meta, "namespace", &m.Namespace, labelPattern, "in metadata")
	}
	before := len(r.problems)
	value := r.value(v)
	if m.APIVersion == "" || m.Kind == "" || m.Name == "" || len(r.problems) > before {
		return nil
	}
	if object, ok := value.(map[string]any); ok {
		delete(object, "status") // which is the controllers'
	}
	text, err := json.Marshal(value)
	if err != nil {
		r.at(v, "", "%v", err)
		return nil
	}
	m.JSON = text
	return []Manifest{m}
}

// What the API takes for the names of its objects; a name becomes a part of a path.
var (
	apiVersionPattern = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+$`)
	kindPattern       = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	objectNamePattern = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9.:_]*[A-Za-z0-9])?$`)
)

// word reads a text that an object has to have.
func (r *manifestReader) word(
	v *node, fields map[string]*node, name string, to *string, pattern *regexp.Regexp, like string,
) {
	n := fields[name]
	switch {
	case n == nil || n.kind == null:
		r.at(v, "", "the object has no %s %s", name, like)
	case n.kind != text:
		r.wrong(n, "text", "put it in quotes: "+strconv.Quote(n.text))
	case !pattern.MatchString(n.text):
		r.at(n, "", "%q is not a value of %s", n.text, name)
	default:
		*to = n.text
	}
}

// at reports a problem at a value.
func (r *manifestReader) at(v *node, hint, format string, args ...any) {
	r.problemAt(v.line, v.column, hint, format, args...)
}

// fieldsOf are the values of a mapping, by their keys.
func (r *manifestReader) fieldsOf(v *node) map[string]*node {
	fields := map[string]*node{}
	for _, p := range v.pairs {
		fields[p.key.text] = p.value
	}
	return fields
}

// textOf is the text of a value that may not be there.
func textOf(v *node) string {
	if v == nil {
		return ""
	}
	return v.text
}

// value is a value as JSON has it.
func (r *manifestReader) value(v *node) any {
	switch v.kind {
	case text:
		return v.text
	case boolean:
		return strings.EqualFold(v.text, "true")
	case integer, float:
		return r.number(v)
	case list:
		items := []any{}
		for _, item := range v.items {
			items = append(items, r.value(item))
		}
		return items
	case mapping:
		fields := map[string]any{}
		for _, p := range r.unique(v) {
			fields[p.key.text] = r.value(p.value)
		}
		return fields
	}
	return nil
}

// number is a number as JSON has it. As in kubectl, 0644 is octal.
func (r *manifestReader) number(v *node) any {
	if n, err := strconv.ParseInt(v.text, 0, 64); err == nil {
		return json.Number(strconv.FormatInt(n, 10))
	}
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		r.at(v, "put it in quotes if it is text", "%s is not a number that JSON has", v.text)
		return nil
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}

// nodeOf is a value of JSON. Its place is the beginning of the document.
func nodeOf(value any) *node {
	switch v := value.(type) {
	case string:
		return &node{line: 1, column: 1, kind: text, text: v}
	case bool:
		return &node{line: 1, column: 1, kind: boolean, text: strconv.FormatBool(v)}
	case json.Number:
		return &node{line: 1, column: 1, kind: numberKind(v.String()), text: v.String()}
	case []any:
		n := &node{line: 1, column: 1, kind: list}
		for _, item := range v {
			n.items = append(n.items, nodeOf(item))
		}
		return n
	case map[string]any:
		n := &node{line: 1, column: 1, kind: mapping}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			n.pairs = append(n.pairs, pair{nodeOf(key), nodeOf(v[key])})
		}
		return n
	case nil:
		return &node{line: 1, column: 1, kind: null}
	}
	panic(fmt.Sprintf("inventory: %T in JSON", value))
}

// numberKind is float for a number with a fraction or an exponent.
func numberKind(text string) kind {
	if strings.ContainsAny(text, ".eE") {
		return float
	}
	return integer
}
