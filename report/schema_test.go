package report

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
)

// docs is the documentation of the project, seen from this package.
const docs = "../docs"

// schemaTypes are the types of the schema in the order in which docs/events.md shows them.
var schemaTypes = []reflect.Type{
	reflect.TypeFor[Event](), reflect.TypeFor[Document](), reflect.TypeFor[Host](), reflect.TypeFor[Error](),
	reflect.TypeFor[Up](), reflect.TypeFor[Plan](), reflect.TypeFor[PlannedHost](), reflect.TypeFor[Change](),
	reflect.TypeFor[SavedPlan](), reflect.TypeFor[PlannedResource](), reflect.TypeFor[Drift](),
	reflect.TypeFor[HostDrift](), reflect.TypeFor[Reset](), reflect.TypeFor[Removal](), reflect.TypeFor[Directory](),
	reflect.TypeFor[Upgrade](), reflect.TypeFor[Move](),
	reflect.TypeFor[Audit](), reflect.TypeFor[AuditCheck](), reflect.TypeFor[AuditFinding](),
	reflect.TypeFor[AddOns](), reflect.TypeFor[AddOn](), reflect.TypeFor[Token](),
	reflect.TypeFor[Certs](), reflect.TypeFor[Cert](),
	reflect.TypeFor[Logs](), reflect.TypeFor[LogLine](),
	reflect.TypeFor[Verify](), reflect.TypeFor[VerifyCheck](), reflect.TypeFor[VerifyFailure](),
	reflect.TypeFor[VerifyCause](),
	reflect.TypeFor[Backup](), reflect.TypeFor[Manifest](), reflect.TypeFor[ManifestEtcd](),
	reflect.TypeFor[Rehearsal](), reflect.TypeFor[Restore](), reflect.TypeFor[Adoption](),
	reflect.TypeFor[SharedState](),
	reflect.TypeFor[Version](),
}

// comments are what the sources say of each field, as "Event.Host", and of each constant, by its
// value.
type comments struct {
	fields map[string]string
	kinds  [][2]string // value and comment, in the order of the source
}

func readComments(t *testing.T, paths ...string) comments {
	t.Helper()
	c := comments{fields: map[string]string{}}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						for _, name := range f.Names {
							c.fields[n.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
						}
					}
				}
			case *ast.ValueSpec:
				about := n.Comment
				if about == nil {
					about = n.Doc
				}
				if len(n.Values) == 1 && about != nil {
					if value, ok := n.Values[0].(*ast.BasicLit); ok && value.Kind == token.STRING {
						word, _ := strconv.Unquote(value.Value)
						c.kinds = append(c.kinds, [2]string{word, strings.Join(strings.Fields(about.Text()), " ")})
					}
				}
			}
			return true
		})
	}
	return c
}

// property is a field as JSON has it.
type property struct {
	name, about string
	optional    bool
	of          reflect.Type
}

func properties(t *testing.T, c comments, of reflect.Type) []property {
	t.Helper()
	var all []property
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Anonymous { // its fields are those of the object itself
			all = append(all, properties(t, c, f.Type)...)
			continue
		}
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		about := c.fields[of.Name()+"."+f.Name]
		if name == "" || about == "" {
			t.Errorf("%s.%s has no name in JSON, or no comment", of.Name(), f.Name)
		}
		all = append(all, property{name: name, about: about, optional: rest == "omitempty", of: f.Type})
	}
	return all
}

// schema is the JSON Schema of a type; types of our own are named in defs.
func schema(t *testing.T, c comments, of reflect.Type, defs map[string]any) map[string]any {
	t.Helper()
	switch {
	case of == reflect.TypeFor[Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case of == reflect.TypeFor[inventory.Role]():
		return map[string]any{"type": "string"}
	case of.Kind() == reflect.Pointer:
		return schema(t, c, of.Elem(), defs)
	case of.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schema(t, c, of.Elem(), defs)}
	case of.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schema(t, c, of.Elem(), defs)}
	case of.Kind() == reflect.Interface:
		return map[string]any{}
	case of.Kind() == reflect.Struct:
		if _, known := defs[of.Name()]; !known {
			defs[of.Name()] = nil
			object := map[string]any{"type": "object"}
			fields, required := map[string]any{}, []string{}
			for _, p := range properties(t, c, of) {
				field := schema(t, c, p.of, defs)
				field["description"] = p.about
				fields[p.name] = field
				if !p.optional {
					required = append(required, p.name)
				}
			}
			object["properties"], object["required"] = fields, required
			defs[of.Name()] = object
		}
		return map[string]any{"$ref": "#/$defs/" + of.Name()}
	}
	kinds := map[reflect.Kind]string{
		reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer", reflect.Bool: "boolean",
	}
	if kinds[of.Kind()] == "" {
		t.Fatalf("no schema for %v", of)
	}
	return map[string]any{"type": kinds[of.Kind()]}
}

func allComments(t *testing.T) comments {
	return readComments(
		t, "../provision/fleet/event.go", "event.go", "document.go", "error.go", "plan.go", "saved.go", "drift.go",
		"reset.go", "upgrade.go", "audit.go", "backup.go", "adoption.go", "share.go",
		"addons.go", "logs.go", "token.go", "certs.go", "verify.go",
		"version.go",
	)
}

// TestSchema keeps docs/schema in step with the types, and the events and the document of the other
// tests within it.
func TestSchema(t *testing.T) {
	c := allComments(t)
	for name, of := range map[string]reflect.Type{
		"event": reflect.TypeFor[Event](), "document": reflect.TypeFor[Document](),
		"saved-plan": reflect.TypeFor[SavedPlan](), "version": reflect.TypeFor[Version](),
	} {
		defs := map[string]any{}
		root := schema(t, c, of, defs)
		root["$schema"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", defs
		root["title"] = "kbootstrap: " + name
		if name == "document" {
			schema(t, c, reflect.TypeFor[Up](), defs)
			schema(t, c, reflect.TypeFor[Plan](), defs)
			schema(t, c, reflect.TypeFor[Drift](), defs)
			schema(t, c, reflect.TypeFor[Reset](), defs)
			schema(t, c, reflect.TypeFor[Audit](), defs)
			schema(t, c, reflect.TypeFor[AddOns](), defs)
			schema(t, c, reflect.TypeFor[Token](), defs)
			schema(t, c, reflect.TypeFor[Certs](), defs)
			schema(t, c, reflect.TypeFor[Backup](), defs)
			schema(t, c, reflect.TypeFor[Rehearsal](), defs)
			schema(t, c, reflect.TypeFor[Restore](), defs)
			schema(t, c, reflect.TypeFor[Adoption](), defs)
			schema(t, c, reflect.TypeFor[SharedState](), defs)
		}
		text, err := json.MarshalIndent(root, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden.File(t, filepath.Join(docs, "schema", name+".json"), string(text)+"\n")
	}
}

// typeWords is a type as the tables name it.
func typeWords(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[Time]():
		return "time"
	case of.Kind() == reflect.Pointer:
		return typeWords(of.Elem())
	case of.Kind() == reflect.Slice:
		return "list of " + typeWords(of.Elem())
	case of.Kind() == reflect.Map:
		return "object of " + typeWords(of.Elem())
	case of.Kind() == reflect.Struct:
		return "[" + strings.ToLower(of.Name()) + "](#" + strings.ToLower(of.Name()) + ")"
	case of.Kind() == reflect.Interface:
		return "any"
	case of.Kind() == reflect.Int64 || of.Kind() == reflect.Int:
		return "number"
	}
	return of.Kind().String()
}

// TestDocs keeps the tables of docs/events.md in step with the types.
func TestDocs(t *testing.T) {
	c := allComments(t)
	tables := map[string]string{}
	var kinds strings.Builder
	kinds.WriteString("| kind | what happened |\n|---|---|\n")
	for _, k := range readComments(t, "../provision/fleet/event.go", "event.go").kinds {
		fmt.Fprintf(&kinds, "| `%s` | %s |\n", k[0], k[1])
	}
	tables["kinds"] = kinds.String()
	for _, of := range schemaTypes {
		var b strings.Builder
		b.WriteString("| field | type | |\n|---|---|---|\n")
		for _, p := range properties(t, c, of) {
			kind := typeWords(p.of)
			if p.optional {
				kind += ", optional"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.name, kind, p.about)
		}
		tables[strings.ToLower(of.Name())] = b.String()
	}
	golden.Sections(t, filepath.Join(docs, "events.md"), tables)
}
