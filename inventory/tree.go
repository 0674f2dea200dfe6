package inventory

import (
	"strings"

	"kbootstrap/fault"
)

// Value is a YAML value with its place in its file, for files that others wrote: nothing is said
// about what may be in it.
type Value struct {
	// Text is a scalar as it is written; numbers and booleans too.
	Text  string
	Tag   string // such as "!vault"; empty when it has none
	Items []*Value
	Pairs []Pair
	// IsNull reports whether nothing is there.
	IsNull       bool
	Line, Column int
}

// Pair is a key of a mapping with its value.
type Pair struct{ Key, Value *Value }

// ReadYAML reads a file of another tool with the bounds that hold for inventories, and keeps
// tags. It returns nil if nothing is in the file. The error is Problems, which have the code and
// show no line of the file: others have passwords in such files.
func ReadYAML(name string, data []byte, code fault.Code) (*Value, error) {
	r := &reader{
		file: name, class: code, limits: inventoryLimits, places: map[string]*node{}, hidden: map[int]bool{},
		tags: true,
	}
	content := strings.ReplaceAll(string(data), "\r\n", "\n")
	r.lines = strings.Split(content, "\n")
	var root *node
	if len(data) > MaxBytes {
		r.problemAt(0, 0, "", "the file is larger than %d KiB", MaxBytes>>10)
	} else if r.readable(content) {
		root = r.parseYAML(content)
	}
	if len(r.problems) > 0 {
		for i := range r.problems {
			r.problems[i].Excerpt = ""
		}
		return nil, r.problems
	}
	return root.value(), nil
}

func (n *node) value() *Value {
	if n == nil {
		return nil
	}
	v := &Value{Text: n.text, Tag: n.tag, IsNull: n.kind == null, Line: n.line, Column: n.column}
	for _, item := range n.items {
		v.Items = append(v.Items, item.value())
	}
	for _, p := range n.pairs {
		v.Pairs = append(v.Pairs, Pair{p.key.value(), p.value.value()})
	}
	return v
}

// Child returns the value of a key, or nil.
func (v *Value) Child(key string) *Value {
	if v == nil {
		return nil
	}
	for _, p := range v.Pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}
