package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reference returns the tables of docs/inventory.md, which are the tables of fields that the
// decoder reads.
func Reference(rules Rules) string {
	var b strings.Builder
	section(&b, "", "", table(&Cluster{}, &SSH{}, rules))
	return b.String()
}

// section prints the table of a mapping, then those of the mappings in it.
func section(b *strings.Builder, path, doc string, fields []field) {
	if path != "" {
		fmt.Fprintf(b, "\n### `%s`\n\n%s\n\n", path, sentence(doc))
	}
	fmt.Fprint(b, "| Field | Value | Default | |\n|---|---|---|---|\n")
	for _, f := range fields {
		fallback := f.fallback
		switch {
		case f.required:
			fallback = "*required*"
		case fallback == "":
			fallback = "–"
		case !strings.Contains(fallback, " "):
			fallback = "`" + fallback + "`"
		}
		name := "`" + f.name + "`"
		if f.fields != nil {
			name = fmt.Sprintf("[%s](#%s)", name, fragment(nested(path, f)))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, f.shape, fallback, sentence(f.doc))
	}
	for _, f := range fields {
		if f.fields != nil {
			section(b, nested(path, f), f.doc, f.fields)
		}
	}
}

// nested returns the path of a field with fields of its own, as a heading.
func nested(path string, f field) string {
	if strings.HasPrefix(f.shape, "list") {
		return join(path, f.name+"[]")
	}
	return join(path, f.name)
}

// fragment returns what GitHub makes of a heading.
func fragment(heading string) string {
	return strings.NewReplacer(".", "", "[]", "").Replace(strings.ToLower(heading))
}

// sentence gives a description a capital letter and a full stop.
func sentence(doc string) string {
	if doc[0] >= 'a' && doc[0] <= 'z' {
		doc = strings.ToUpper(doc[:1]) + doc[1:]
	}
	return strings.TrimSuffix(doc, ".") + "."
}

// OwnedFlags returns the table of flags that arguments may not set.
func OwnedFlags(rules Rules) string {
	var b strings.Builder
	fmt.Fprint(&b, "| Component | Flag | |\n|---|---|---|\n")
	for _, p := range rules.Programs {
		for _, name := range slices.Sorted(maps.Keys(p.Owned)) {
			fmt.Fprintf(&b, "| %s | `%s` | %s |\n", p.Name, name, sentence(p.Owned[name]))
		}
	}
	return b.String()
}

// Ports returns the table of ports that network.nodePorts may not contain.
func Ports(rules Rules) string {
	var b strings.Builder
	fmt.Fprint(&b, "| Port | Taken by |\n|---|---|\n")
	for _, p := range rules.Ports {
		fmt.Fprintf(&b, "| %d | %s |\n", p.Number, p.By)
	}
	return b.String()
}
