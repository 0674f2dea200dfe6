package inventory

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/fault"
)

// reader reads one inventory: it collects the problems and knows the place of each value.
type reader struct {
	kubernetes string // the version that the file is read for; "" means its own
	file       string
	rules      Rules
	limits     limits
	lines      []string
	offset     int // how many lines of the file come before those that are read
	home       string
	problems   Problems
	others     Problems // of the files that the inventory names
	warnings   Problems // what the inventory may say, and better does not
	// class is the code of the problems that are reported now.
	class fault.Code
	// places says where the value of each path is, such as "hosts[2].ssh.port". A path that is
	// absent was not given.
	places map[string]*node
	tags   bool         // YAML tags are taken, and kept
	hidden map[int]bool // lines that no message shows, because they contain a secret
}

// line returns a line of the file, counted from 1.
func (r *reader) line(n int) string {
	if n < 1 || n > len(r.lines) {
		return ""
	}
	return r.lines[n-1]
}

// problemAt reports a problem at a place.
func (r *reader) problemAt(line, column int, hint, format string, args ...any) {
	// Text of the file gets into messages: they are as safe to print as excerpts.
	message := strings.Map(printable, fmt.Sprintf(format, args...))
	excerpt := r.line(line)
	if line > 0 {
		line += r.offset
	}
	r.problems = append(r.problems, Problem{
		Code: r.class,
		File: r.file, Line: line, Column: column, Message: message,
		Hint: strings.Map(printable, hint), Excerpt: excerpt,
	})
}

// warnAt reports a warning at a place.
func (r *reader) warnAt(line, column int, hint, format string, args ...any) {
	before := r.problems
	r.problems = nil
	r.problemAt(line, column, hint, format, args...)
	r.problems, r.warnings = before, append(r.warnings, r.problems...)
}

// as gives the problems that are reported until its result is called a code of their own:
//
//	defer r.as(fault.InventoryVersion)()
func (r *reader) as(code fault.Code) (end func()) {
	before := r.class
	r.class = code
	return func() { r.class = before }
}

// problem reports a problem with the value at a path or, if the file has no such value, with the
// nearest one around it.
func (r *reader) problem(path, hint, format string, args ...any) {
	for {
		if n := r.places[path]; n != nil {
			r.problemAt(n.line, n.column, hint, format, args...)
			return
		}
		if path == "" {
			r.problemAt(0, 0, hint, format, args...)
			return
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// given reports whether the file has a value at the path.
func (r *reader) given(path string) bool { return r.places[path] != nil }

// field is one key of a mapping. The tables of fields are all there is to know about the format:
// they decode the file, know its typos, and are printed as its reference.
type field struct {
	name     string
	shape    string // what the reference says about the value
	fallback string // the default as the reference says it; "" when the field may be left out without one
	required bool
	doc      string
	class    fault.Code // of the problems of its value; "" when the value has nothing of its own to go wrong
	read     decoder
	// fields are those of the mapping, or of each mapping of the list, that the value is.
	fields []field
}

// decoder reads a value of the file, and has the schema of what it takes. A field without one is a
// mapping of fields.
type decoder struct {
	schema schema
	decode func(r *reader, path string, v *node)
}

// takesNothing reports whether a key without a value is one that the decoder reads: an empty list.
func (d decoder) takesNothing() bool {
	types, _ := d.schema["type"].([]string)
	return slices.Contains(types, "null")
}

// mapping reads the fields out of a mapping. They are read in the order of the table, not of the
// file: a later one may depend on an earlier one.
func (r *reader) mapping(path string, v *node, fields []field) {
	if v.kind != mapping && v.kind != null {
		hint := ""
		if v.kind == boolean && contains(fields, "enabled") {
			hint = "write {enabled: " + v.text + "}"
		}
		if path == "" && v.kind != null {
			hint = `an inventory begins with "cluster: NAME"; "kbootstrap init" writes one to start from`
		}
		r.wrong(v, "a mapping", hint)
		return
	}
	r.places[path] = v
	values := map[string]*node{}
	misspelt := map[string]*node{}
	for _, p := range r.unique(v) {
		values[p.key.text] = p.value
		if !contains(fields, p.key.text) {
			hint, meant := r.unknownHint(path, p.key, fields)
			end := r.as(fault.InventoryUnknownField)
			r.problemAt(p.key.line, p.key.column, hint, "unknown field %q", p.key.text)
			end()
			if meant != "" {
				misspelt[meant] = p.value
			}
		}
	}
	// A misspelt field is read as what was meant, so that its absence is not a second problem.
	for name, value := range misspelt {
		if values[name] == nil {
			values[name] = value
		}
	}
	for _, f := range fields {
		value, ok := values[f.name]
		at := join(path, f.name)
		switch {
		case !ok && f.required:
			end := r.as(fault.InventoryMissingField)
			r.problem(path, "", "%s has no %s", orFile(path), f.name)
			end()
		case !ok:
		case f.required && value.kind == null && !f.read.takesNothing():
			end := r.as(fault.InventoryMissingField)
			r.problemAt(value.line, value.column, "write it after the colon", "%s has no %s", orFile(path), f.name)
			end()
		case f.read.decode != nil:
			r.places[at] = value
			end := r.as(cmp.Or(f.class, r.class))
			f.read.decode(r, at, value)
			end()
		default:
			r.mapping(at, value, f.fields)
		}
	}
}

// unique returns the pairs of a mapping whose keys are new, and reports the others.
func (r *reader) unique(v *node) []pair {
	var pairs []pair
	first := map[string]*node{}
	for _, p := range v.pairs {
		if before := first[p.key.text]; before != nil {
			end := r.as(fault.InventorySyntax)
			r.problemAt(p.key.line, p.key.column, "", "%q is given twice; line %d has it already",
				p.key.text, before.line+r.offset)
			end()
			continue
		}
		first[p.key.text] = p.key
		pairs = append(pairs, p)
	}
	return pairs
}

// wrong reports a value of the wrong kind.
func (r *reader) wrong(v *node, want, hint string) {
	defer r.as(fault.InventoryType)()
	got := v.kind.String()
	if v.kind == text {
		hint = cmp.Or(slipHint(r.line(v.line)), hint)
	}
	switch v.kind {
	case null:
		if hint == "" {
			hint = "leave the line out to get the default"
		}
	case text:
		got = fmt.Sprintf("the text %q", v.text)
	case integer, float:
		got = "the number " + v.text
	case boolean:
		got = "the boolean " + v.text
	}
	r.problemAt(v.line, v.column, hint, "expected %s, found %s", want, got)
}

// path resolves a file name of the inventory.
func (r *reader) path(at, name string) string {
	switch {
	case name == "~" || strings.HasPrefix(name, "~/"):
		if r.home == "" {
			r.problem(at, "set $HOME, or write the whole path", "the home directory that ~ stands for is unknown")
			return ""
		}
		return filepath.Join(r.home, name[1:])
	case strings.HasPrefix(name, "~"):
		r.problem(at, `only "~/" is supported; write the whole path`,
			"%q: the tool does not look up home directories of other users", name)
		return ""
	case filepath.IsAbs(name):
		return filepath.Clean(name)
	}
	return filepath.Join(filepath.Dir(r.file), name)
}

// join returns the path of a field in a mapping.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// orFile names a path in a message.
func orFile(path string) string {
	if path == "" {
		return "the inventory"
	}
	return path
}

// contains reports whether the fields have the name.
func contains(fields []field, name string) bool {
	for _, f := range fields {
		if f.name == name {
			return true
		}
	}
	return false
}

// unknownHint says what may have been meant: a field with a similar name, which is also returned,
// or one that lives elsewhere.
func (r *reader) unknownHint(path string, key *node, fields []field) (hint, meant string) {
	var known []string
	for _, f := range fields {
		known = append(known, f.name)
	}
	secret := r.hideSecret(key.line, key.text)
	meant = nearest(key.text, known)
	switch letters := distance(strings.ToLower(key.text), strings.ToLower(meant)); {
	case meant != "" && (letters <= 1 || secret != "" && letters <= 2):
		return didYouMean(meant), meant
	case secret != "":
		return secret, ""
	}
	for _, f := range fields {
		if contains(f.fields, key.text) {
			return fmt.Sprintf("%q goes in %q", key.text, f.name), ""
		}
	}
	for _, f := range table(&Cluster{}, &SSH{}, r.rules) {
		if contains(f.fields, key.text) && !strings.HasPrefix(path, f.name) {
			return fmt.Sprintf("%q goes in %q", key.text, f.name), ""
		}
	}
	return Suggest(key.text, known), meant
}
