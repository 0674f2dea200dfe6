// Package templates holds the text of every file that the tool renders onto a host: one embedded
// *.tmpl file per rendered file, each with its typed data, so that a template given the wrong data
// does not compile. It knows nothing of hosts or of the order of things. Start at New: each
// component declares its templates and their data.
package templates

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"unicode"

	"kbootstrap/internal/shell"
)

//go:embed *.tmpl
var files embed.FS

// Template is one embedded file that wants data of type T.
type Template[T any] struct{ name string }

// New is the template in the embedded file of that name.
func New[T any](name string) Template[T] { return Template[T]{name} }

// Names are the names of the embedded files.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("templates: %v", err))
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// Render returns the text of the file. It panics when the template does not execute, which no input
// can cause: the data is typed, and render_test.go renders every template.
func (t Template[T]) Render(data T) []byte {
	text, err := files.ReadFile(t.name)
	if err != nil {
		panic(fmt.Sprintf("templates: %v", err))
	}
	parsed, err := template.New(t.name).Option("missingkey=error").Funcs(functions()).Parse(string(text))
	if err != nil {
		panic(fmt.Sprintf("templates: %v", err))
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		panic(fmt.Sprintf("templates: %v", err))
	}
	return out.Bytes()
}

// functions are what a template may call. json quotes a value for JSON, and so for YAML and TOML
// strings too; path quotes one for a unit, unitWord a word of a unit and shellWord one of a shell;
// unsetEnvironment is a line of a unit.
func functions() template.FuncMap {
	return template.FuncMap{
		"path":             quotePath,
		"unitWord":         quoteUnitWord,
		"shellWord":        shell.Quote,
		"unsetEnvironment": unsetEnvironment,
		"json": func(v any) (string, error) {
			var out bytes.Buffer
			encoder := json.NewEncoder(&out)
			encoder.SetEscapeHTML(false)
			err := encoder.Encode(v)
			return escaped(strings.TrimSuffix(out.String(), "\n")), err
		},
	}
}

// quoteUnitWord makes one word of any text without control characters for a line of a unit
// (systemd.syntax(7)); a percent sign begins a specifier there.
func quoteUnitWord(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(text) + `"`
}

// escaped writes as \u what JSON may have as it is and YAML or TOML may not: control characters,
// and what is no character.
func escaped(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case unicode.IsControl(c) || c == '\ufeff' || c == '\ufffe' || c == '\uffff':
			fmt.Fprintf(&b, "\\u%04x", c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
