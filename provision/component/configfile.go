package component

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kbootstrap/inventory"
	"kbootstrap/release/manual"
)

// translation is what arguments put into a program's configuration file, by path:
// "iptables.syncPeriod".
type translation map[string]any

// translated returns what the arguments of a program put into its configuration file. place may
// move a field; nil moves none.
func (t Target) translated(program inventory.Program, place func(name, field string) string) translation {
	values := translation{}
	chapter, _ := manual.Open(program.Name, t.version(program.Release))
	for name, value := range t.Cluster.Arguments[program.Name] {
		rule := program.Rules[name]
		if rule.Field == "" {
			continue
		}
		at := rule.Field
		if place != nil {
			at = place(name, at)
		}
		flag, _ := chapter.Find(name)
		values[at] = typed(flag.Type, value)
	}
	return values
}

// typed returns the text of an argument as a value of a configuration file. What cannot be read
// stays text: the inventory has refused it, or the program will say so.
func typed(kind, text string) any {
	switch kind {
	case "bool":
		if v, err := strconv.ParseBool(text); err == nil {
			return v
		}
	case "int", "uint":
		if v, err := strconv.ParseInt(text, 0, 64); err == nil {
			return v
		}
	case "float":
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return v
		}
	case "list":
		return words(text)
	case "map":
		all := map[string]any{}
		for _, w := range words(text) {
			key, value, _ := strings.Cut(w, "=")
			all[key] = value
		}
		return all
	case "switches":
		all := map[string]any{}
		for _, w := range words(text) {
			key, value, _ := strings.Cut(w, "=")
			all[key] = typed("bool", value)
		}
		return all
	}
	return text
}

// inYAML returns the file with the values in it; what else is there stays as it is, comments
// included.
func (v translation) inYAML(file []byte) []byte {
	if len(v) == 0 {
		return file
	}
	var document yaml.Node
	if err := yaml.Unmarshal(file, &document); err != nil {
		panic(fmt.Sprintf("component: a rendered file is not YAML: %v", err))
	}
	for _, path := range slices.Sorted(maps.Keys(v)) {
		place(document.Content[0], strings.Split(path, "."), v[path])
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		panic(fmt.Sprintf("component: %v", err)) // values of plain types
	}
	return text.Bytes()
}

// place puts a value at a path of a mapping, whose contents are keys and values in turn.
func place(fields *yaml.Node, path []string, value any) {
	i := 0
	for i < len(fields.Content) && fields.Content[i].Value != path[0] {
		i += 2
	}
	if i == len(fields.Content) {
		fields.Content = append(fields.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]},
			&yaml.Node{Kind: yaml.MappingNode})
	}
	if len(path) > 1 {
		place(fields.Content[i+1], path[1:], value)
		return
	}
	var node yaml.Node
	if err := node.Encode(value); err != nil {
		panic(fmt.Sprintf("component: %v", err)) // values of plain types
	}
	fields.Content[i+1] = &node
}

// inJSON returns the file with the values in it, as inYAML does; nested paths there are none.
func (v translation) inJSON(file []byte) []byte {
	if len(v) == 0 {
		return file
	}
	fields := map[string]any{}
	if err := json.Unmarshal(file, &fields); err != nil {
		panic(fmt.Sprintf("component: a rendered file is not JSON: %v", err))
	}
	maps.Copy(fields, v)
	text, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("component: %v", err)) // values of plain types
	}
	return append(text, '\n')
}
