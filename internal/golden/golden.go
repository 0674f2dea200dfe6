// Package golden compares what tests get with what files say: golden files in testdata, and the
// generated parts of the documentation. With -update the tests write these files instead; what git
// diff shows then is what has changed.
//
// Start at File. Only tests import this package.
package golden

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files and the generated parts of the documentation")

// Update reports whether the files are to be written, for tests that have a way of their own to do
// so.
func Update() bool { return *update }

// File fails the test when the file at a path has another text than what the test got.
func File(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs from what comes out; if that is meant: go test -update, and read what git diff shows\n"+
			"-file +test\n%s", path, d)
	}
}

// Sections fails the test when generated sections of a document have another text than what the
// test got. They are found by name, between the lines "<!-- generated: NAME -->" and "<!-- end
// -->".
func Sections(t *testing.T, path string, got map[string]string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for name, content := range got {
		begin, end := "<!-- generated: "+name+" -->\n", "<!-- end -->\n"
		before, rest, opened := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, end)
		if !opened || !closed {
			t.Fatalf("%s has no place for %s, from %q to %q", path, name, begin, end)
		}
		text = before + begin + "\n" + content + "\n" + end + after
	}
	File(t, path, text)
}
