package inventory

import (
	"encoding/json"
	"maps"
	"regexp"
	"strings"
)

// schema is a JSON Schema, or a part of one. Each decoder has that of the values that it takes: a
// schema never refuses what the decoder takes, and it refuses what has the wrong shape. What
// depends on other values, such as networks that overlap, only the decoder knows.
type schema map[string]any

// SchemaFile is where `init` writes the schema, seen from the inventory, whose modeline names it to
// editors. It is next to the state of the cluster, because it belongs to the tool and not to the
// user.
const SchemaFile = ".kbootstrap/schema.json"

// Schema returns the JSON Schema of an inventory, out of the tables of fields that decode it.
func Schema(rules Rules) ([]byte, error) {
	root := objectOf(table(&Cluster{}, &SSH{}, rules))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "an inventory of kbootstrap"
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

// objectOf is the schema of a mapping that has the fields and no others.
func objectOf(fields []field) schema {
	properties, required := schema{}, []string{}
	for _, f := range fields {
		of := f.read.schema
		if f.read.decode == nil && of == nil {
			of = objectOf(f.fields)
		}
		properties[f.name] = described(of, f)
		if f.required {
			required = append(required, f.name)
		}
	}
	object := schema{"properties": properties, "additionalProperties": false}
	if len(required) == 0 {
		return orNothing("object", object)
	}
	object["type"], object["required"] = "object", required
	return object
}

// described adds to a schema what the reference says of the field.
func described(of schema, f field) schema {
	of = maps.Clone(of)
	if f.doc == "" {
		return of
	}
	text := sentence(f.doc)
	if f.fallback != "" {
		text += " Default: " + f.fallback + "."
	}
	of["description"] = text
	return of
}

// sentence gives a description a capital letter and a full stop.
func sentence(doc string) string {
	if doc[0] >= 'a' && doc[0] <= 'z' {
		doc = strings.ToUpper(doc[:1]) + doc[1:]
	}
	return strings.TrimSuffix(doc, ".") + "."
}

// orNothing is the schema of a list or a mapping whose key may also stand without a value, as it
// does when all that was below it is commented out.
func orNothing(kind string, of schema) schema {
	of["type"] = []string{kind, "null"}
	return of
}

// someText is the schema of a text that is not empty.
func someText() schema { return schema{"type": "string", "minLength": 1} }

// textLike is the schema of a text that matches a pattern.
func textLike(pattern string) schema { return schema{"type": "string", "pattern": pattern} }

// versionLike is the schema of a version: YAML takes 1.10 for a number.
func versionLike(pattern *regexp.Regexp) schema {
	return schema{"type": []string{"string", "number"}, "pattern": pattern.String()}
}

// numberFrom is the schema of a whole number.
func numberFrom(least, most int) schema {
	return schema{"type": "integer", "minimum": least, "maximum": most}
}

// argumentsSchema is that of arguments: flags by program. Which flags a program has depends on its
// version.
func argumentsSchema(programs []Program) schema {
	all := schema{}
	for _, p := range programs {
		flags := schema{}
		for name, rule := range p.Rules {
			if rule.Refused != "" {
				flags[name] = schema{"not": schema{}, "description": "Cannot be set: " + sentence(rule.Refused)}
			}
		}
		all[p.Name] = orNothing("object", schema{
			"properties":           flags,
			"propertyNames":        schema{"pattern": flagPattern.String()},
			"additionalProperties": schema{"type": []string{"string", "number", "boolean"}},
		})
	}
	return orNothing("object", schema{"properties": all, "additionalProperties": false})
}
