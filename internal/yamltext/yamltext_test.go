package yamltext

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestOtherParsers: what is written is, to another parser, the same, also as a key.
func TestOtherParsers(t *testing.T) {
	for _, text := range []string{
		"", "a", "1e3", "on", "No", "0123", "0x1f", "null", "~", " a ", "a: b", "a:", "#c", "a #c", "- d",
		"2026-01-02", "1_000", "=", "<<", ".inf", "{a}", "[a", "*x", "&x", "!x", "%x", "@x", "`x", "'x", `"x"`,
		`\x`, "12:30", "é\ttab", "\x7f", "one\ntwo\n", "one\ntwo", "one\n\n\ntwo\n\n", "  one\ntwo\n",
		"one \ntwo", "one\n\ttwo\n", "one\r\ntwo", "\n", "\none", "https://a.example:6443", "LS0tLS1CRUdJTg==",
		"a=b", "|", ">", "---", "...", "?", "? a", "key", "YES", "a\u2028b", "\u0085",
	} {
		want := map[string]any{
			"list": []any{text, 1, true, nil, 1.5, []any{text, []any{}}, map[string]any{text: []any{text}}},
			"map":  map[string]any{text: text},
			"text": text,
		}
		written, err := Marshal(want)
		if err != nil {
			t.Errorf("%q: %v\n%s", text, err, written)
			continue
		}
		var got map[string]any
		if err := yaml.Unmarshal(written, &got); err != nil {
			t.Errorf("%q: %v\n%s", text, err, written)
			continue
		}
		if d := cmp.Diff(any(want), any(got)); d != "" {
			t.Errorf("%q: %s\n%s", text, d, written)
		}
	}
}
