package inventory

import "encoding/json"

// Tree is what is in a file of YAML, without aliases, as encoding/json has values.
func Tree(data []byte) any {
	r := &reader{limits: inventoryLimits, places: map[string]*node{}, hidden: map[int]bool{}}
	return plain(r.parseYAML(string(data)))
}

func plain(v *node) any {
	switch {
	case v == nil || v.kind == null:
		return nil
	case v.kind == text:
		return v.text
	case v.kind == list:
		items := []any{}
		for _, item := range v.items {
			items = append(items, plain(item))
		}
		return items
	case v.kind == mapping:
		fields := map[string]any{}
		for _, p := range v.pairs {
			fields[p.key.text] = plain(p.value)
		}
		return fields
	}
	return json.RawMessage(v.text) // a number or a boolean as it is written
}
