package style_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/workshop/internal/tree"
	"kbootstrap/workshop/style"
)

func TestCheck(t *testing.T) {
	text, err := os.ReadFile("testdata/sample.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	file, err := tree.Parse("sample.go", text)
	if err != nil {
		t.Fatal(err)
	}
	words, err := style.WordList()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	var got []string
	for _, f := range style.Check(file, words) {
		got = append(got, fmt.Sprintf("%s: %.12s", f.Rule, strings.TrimSpace(lines[f.Line-1])))
	}
	want := []string{
		"comment: // A comment",
		"comment: //	preformat",
		"code: Other string",
		"code: const text =",
		"code: var plain = ",
		"comment: with a long ",
		"words: // T is made",
		"words: // T is made",
		"words: // looks, te",
		"words: // T is made",
		"words: const text =",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestProse(t *testing.T) {
	words, err := style.WordList()
	if err != nil {
		t.Fatal(err)
	}
	word := "be" + "side"
	page := "A page\n\n```\n" + word + " what a program printed\n```\n\nwith a line " + word + "\nanother.\n"
	found := style.Prose("docs/page.md", []byte(page), words)
	if len(found) != 1 || found[0].Line != 7 {
		t.Errorf("found %v, want one word in line 7", found)
	}
}
