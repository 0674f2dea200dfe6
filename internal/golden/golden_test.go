package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSections: with -update only what is between the marks is written, and then it compares equal.
func TestSections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	page := "above\n<!-- generated: b -->\nold\n<!-- end -->\nbetween\n<!-- generated: a -->\n<!-- end -->\nbelow\n"
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	before := *update
	t.Cleanup(func() { *update = before })
	for _, write := range []bool{true, false} {
		*update = write
		Sections(t, path, map[string]string{"a": "one\n", "b": "two\n"})
	}
	want := "above\n<!-- generated: b -->\n\ntwo\n\n<!-- end -->\nbetween\n<!-- generated: a -->\n\none\n\n<!-- end " +
		"-->\nbelow\n"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
