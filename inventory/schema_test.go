package inventory_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"kbootstrap/fault"
	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// TestSchemaFile keeps the schema of the documentation in step with the tables.
func TestSchemaFile(t *testing.T) {
	golden.File(t, "../docs/schema/inventory.json", string(schemaText(t)))
}

func schemaText(t *testing.T) []byte {
	t.Helper()
	text, err := inventory.Schema(component.Rules())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSchemaAndDecoder holds both together: whatever the decoder takes is valid, and what has the
// wrong shape is not. The inventories are those of testdata; of those below schema also each one
// that has one value replaced, left out, or joined by a field that does not exist.
func TestSchemaAndDecoder(t *testing.T) {
	t.Setenv("HOME", "/home/user")
	schema := compile(t, schemaText(t))
	tried, taken, refused := 0, 0, 0
	for _, file := range slices.Concat(inputs(t, "valid"), inputs(t, "schema")) {
		root := tree(t, file)
		if err := schema.Validate(asJSON(t, root)); err != nil {
			t.Errorf("%s: the schema refuses it: %v", file, err)
		}
		if filepath.Base(filepath.Dir(file)) != "schema" {
			continue
		}
		for name, other := range mutated(root) {
			text, err := json.Marshal(other)
			if err != nil {
				t.Fatal(err)
			}
			_, problems := parse("hosts.yaml", text)
			invalid := schema.Validate(asJSON(t, other))
			tried++
			switch {
			case problems == nil && invalid != nil:
				t.Errorf("%s, %s: the decoder takes it, the schema does not: %v", file, name, invalid)
			case problems == nil:
				taken++
			case hasShape(problems):
			case invalid == nil:
				t.Errorf("%s, %s: the schema takes it, the decoder does not: %v", file, name, problems)
			default:
				refused++
			}
		}
	}
	if taken < 200 || refused < 1000 {
		t.Errorf("of %d changes %d are taken by both and %d refused by both, which is no test", tried, taken, refused)
	}
}

// TestSchemaIsTried: every field of the schema is in an inventory that TestSchemaAndDecoder
// changes.
func TestSchemaIsTried(t *testing.T) {
	has := map[string]bool{}
	for _, file := range slices.Concat(inputs(t, "valid"), inputs(t, "schema")) {
		root := tree(t, file)
		everyPath(root, "", func(path string) { has[path] = true })
	}
	var schema any
	if err := json.Unmarshal(schemaText(t), &schema); err != nil {
		t.Fatal(err)
	}
	count := 0
	everyProperty(schema, "", func(path string) {
		count++
		open := strings.HasPrefix(path, ".versions.") || strings.HasPrefix(path, ".arguments.")
		if !open && !has[path] {
			t.Errorf("no inventory below testdata/schema has %s", path)
		}
	})
	if count < 100 {
		t.Errorf("the schema has %d fields", count)
	}
}

// hasShape reports whether none of the problems is one of shape: those of values are the decoder's
// alone.
func hasShape(err error) bool {
	var problems inventory.Problems
	if !errors.As(err, &problems) {
		return false
	}
	shape := []fault.Code{fault.InventoryType, fault.InventoryUnknownField, fault.InventoryMissingField}
	return !slices.ContainsFunc(problems, func(p inventory.Problem) bool {
		return slices.Contains(shape, p.Code) || strings.Contains(p.Message, "is not a value of")
	})
}

// mutated are copies of a tree with one change each, by what the change is.
func mutated(root any) map[string]any {
	all := map[string]any{}
	everyPath(root, "", func(path string) {
		for i, v := range []any{nil, "", "word", 7, 1.5, -1, true, []any{}, []any{"word"}, map[string]any{}} {
			replace := func(any) (any, bool) { return v, true }
			all[fmt.Sprintf("%s replaced by %d", path, i)] = changed(root, "", path, replace)
		}
		all[path+" left out"] = changed(root, "", path, func(any) (any, bool) { return nil, false })
		all[path+" with an unknown field"] = changed(root, "", path, func(v any) (any, bool) {
			fields, ok := v.(map[string]any)
			if !ok {
				return v, true
			}
			fields = maps.Clone(fields)
			fields["unknown/field?"] = "value"
			return fields, true
		})
	})
	return all
}

// changed is a copy of a tree with another value at a path, or none.
func changed(v any, at, path string, to func(any) (any, bool)) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, below := range v {
			if at+"."+key != path {
				out[key] = changed(below, at+"."+key, path, to)
			} else if value, ok := to(below); ok {
				out[key] = value
			}
		}
		return out
	case []any:
		out := []any{}
		for i, below := range v {
			if place := fmt.Sprintf("%s[%d]", at, i); place != path {
				out = append(out, changed(below, place, path, to))
			} else if value, ok := to(below); ok {
				out = append(out, value)
			}
		}
		return out
	}
	return v
}

// everyPath calls visit for each value below the root of a tree.
func everyPath(v any, at string, visit func(path string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			visit(at + "." + key)
			everyPath(below, at+"."+key, visit)
		}
	case []any:
		for i, below := range v {
			visit(fmt.Sprintf("%s[%d]", at, i))
			everyPath(below, fmt.Sprintf("%s[%d]", at, i), visit)
		}
	}
}

// everyProperty calls visit for each field of a schema, with the path of its first occurrence.
func everyProperty(schema any, at string, visit func(path string)) {
	s, ok := schema.(map[string]any)
	if !ok {
		return
	}
	properties, _ := s["properties"].(map[string]any)
	for name, of := range properties {
		visit(at + "." + name)
		everyProperty(of, at+"."+name, visit)
	}
	if items, ok := s["items"]; ok {
		everyProperty(items, at+"[0]", visit)
	}
}

// compile reads a schema, which has to be one by the rules of JSON Schema.
func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("inventory.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("inventory.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON is a value as the validator takes it.
func asJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tree is what is in a file of YAML, as the decoder sees it.
func tree(t *testing.T, path string) any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return inventory.Tree(data)
}
