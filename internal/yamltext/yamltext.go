// Package yamltext writes YAML that every parser reads as it was meant: what one of them takes for
// text, another takes for a number ("1e3"), a boolean ("on") or a merge key ("<<"). Start at
// Marshal.
package yamltext

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Marshal writes a mapping or a list of what JSON has. The keys of a map are sorted, those of a
// MapSlice stay in their order. Texts of several lines are blocks, and a text that is not plain to
// every parser is in quotes.
func Marshal(v any) ([]byte, error) {
	var w writer
	w.value(v, 0, false)
	return []byte(strings.TrimLeft(w.text.String(), " \n")), w.err
}

type writer struct {
	text strings.Builder
	err  error
}

// value writes a value behind its key, or behind the dash of its item.
func (w *writer) value(v any, indent int, isItem bool) {
	switch v := v.(type) {
	case map[string]any:
		var ordered yaml.MapSlice
		for _, key := range slices.Sorted(maps.Keys(v)) {
			ordered = append(ordered, yaml.MapItem{Key: key, Value: v[key]})
		}
		w.mapping(ordered, indent, isItem)
	case yaml.MapSlice:
		w.mapping(v, indent, isItem)
	case []any:
		if len(v) == 0 {
			w.text.WriteString(" []\n")
			return
		}
		w.text.WriteString("\n")
		for _, item := range v {
			w.text.WriteString(strings.Repeat(" ", indent) + "-")
			w.value(item, indent+2, true)
		}
	case string:
		if isBlock(v) {
			w.block(v, indent)
			return
		}
		w.text.WriteString(" " + quoted(v) + "\n")
	default:
		w.text.WriteString(" " + w.scalar(v) + "\n")
	}
}

// mapping writes the first key of an item behind its dash.
func (w *writer) mapping(m yaml.MapSlice, indent int, isItem bool) {
	if len(m) == 0 {
		w.text.WriteString(" {}\n")
		return
	}
	if !isItem {
		w.text.WriteString("\n")
	}
	for i, item := range m {
		if isItem && i == 0 {
			w.text.WriteString(" ")
		} else {
			w.text.WriteString(strings.Repeat(" ", indent))
		}
		key, ok := item.Key.(string)
		if ok {
			key = quoted(key)
		} else {
			key = w.scalar(item.Key)
		}
		w.text.WriteString(key + ":")
		below := indent + 2
		if list, ok := item.Value.([]any); ok && len(list) > 0 {
			below = indent // as kubectl has lists
		}
		w.value(item.Value, below, false)
	}
}

// scalar is what is neither text nor has values in it.
func (w *writer) scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool, int, int64, uint64:
		return fmt.Sprint(v)
	case float64:
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			text := strconv.FormatFloat(v, 'f', -1, 64)
			if !strings.Contains(text, ".") {
				text += ".0"
			}
			return text
		}
	}
	w.err = fmt.Errorf("%v (%T) cannot be written as YAML", v, v)
	return "null"
}

// block writes lines as they are.
func (w *writer) block(text string, indent int) {
	body := strings.TrimRight(text, "\n")
	switch len(text) - len(body) {
	case 0:
		w.text.WriteString(" |-\n")
	case 1:
		w.text.WriteString(" |\n")
	default:
		w.text.WriteString(" |+\n")
		body = strings.TrimSuffix(text, "\n")
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			line = strings.Repeat(" ", max(indent, 2)) + line
		}
		w.text.WriteString(line + "\n")
	}
}

// quoted is a text as it stands on one line.
func quoted(s string) string {
	if isPlain(s) {
		return s
	}
	return strconv.Quote(s)
}

var (
	plainPattern = regexp.MustCompile(`^[A-Za-z/<]([A-Za-z0-9@/._:=+<>, -]*[A-Za-z0-9@/._=+>-])?$`)
	wordPattern  = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null|nan|inf|<<)$`)
	blockPattern = regexp.MustCompile(`^[!-~][ -~]*(\n([ -~]*[!-~])?)+$`)
)

// isPlain reports whether a text is nothing but text to every parser.
func isPlain(s string) bool {
	return plainPattern.MatchString(s) && !wordPattern.MatchString(s) && !strings.Contains(s, ": ")
}

// isBlock reports whether a text is of several lines that a block shows as they are.
func isBlock(s string) bool { return blockPattern.MatchString(s) }
