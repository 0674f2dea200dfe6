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

// Refused returns the table of flags that arguments may not set.
func Refused(rules Rules) string {
	return flagTable(rules, "| Component | Flags | |", func(rule Rule) string {
		if rule.Refused == "" {
			return ""
		}
		return sentence(rule.Refused)
	})
}

// Limited returns the table of flags that may have few values only.
func Limited(rules Rules) string {
	return flagTable(rules, "| Component | Flags | Values |", func(rule Rule) string {
		switch {
		case rule.Only != nil:
			return "only " + code(rule.Only) + ": " + sentence(rule.Why)
		case rule.Without != nil:
			return "not " + code(rule.Without) + ": " + sentence(rule.Why)
		}
		return ""
	})
}

// Merged returns the table of flags whose value is joined with the tool's own.
func Merged(rules Rules) string {
	return flagTable(rules, "| Component | Flags | |", func(rule Rule) string {
		return map[string]string{MergedList: "words behind the tool's own",
			MergedMap: "keys that win over the tool's own"}[rule.Merged]
	})
}

// Translated returns the table of flags that go into a configuration file.
func Translated(rules Rules) string {
	return flagTable(rules, "| Component | Flags | Field |", func(rule Rule) string {
		if rule.Field == "" {
			return ""
		}
		return "`" + rule.Field + "`"
	})
}

// Weakening returns the table of values that are warned of.
func Weakening(rules Rules) string {
	return flagTable(rules, "| Component | Flags | Values |", func(rule Rule) string {
		w := rule.Weak
		if w == nil {
			return ""
		}
		var values string
		switch {
		case w.Outside:
			values = "an address that others can reach"
		case w.NotZero:
			values = "anything but `0`"
		case w.Below != 0:
			values = fmt.Sprintf("less than `%d`", w.Below)
		case w.Above != 0:
			values = fmt.Sprintf("more than `%d`", w.Above)
		case w.Values == nil:
			values = "any"
		default:
			values = code(w.Values)
		}
		return values + w.check() + ": " + sentence(w.Says)
	})
}

// code returns words as code.
func code(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if w == "" {
			quoted[i] = "the empty value"
			continue
		}
		quoted[i] = "`" + w + "`"
	}
	return strings.Join(quoted, ", ")
}

// flagTable prints what a column says of flags; flags of which it says the same share a row.
func flagTable(rules Rules, head string, column func(Rule) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n|---|---|---|\n", head)
	for _, p := range rules.Programs {
		var texts []string
		flags := map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(p.Rules)) {
			text := column(p.Rules[name])
			if text == "" {
				continue
			}
			if flags[text] == nil {
				texts = append(texts, text)
			}
			flags[text] = append(flags[text], name)
		}
		for _, text := range texts {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", p.Name, code(flags[text]), text)
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
