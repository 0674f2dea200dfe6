package style_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/workshop/internal/tree"
	"kbootstrap/workshop/style"
)

const root = "../.."

// TestStyle holds every file of the checkout, and every page, to the rules.
func TestStyle(t *testing.T) {
	words, err := style.WordList()
	if err != nil {
		t.Fatal(err)
	}
	files, err := tree.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	var found []style.Finding
	for _, f := range files {
		found = append(found, style.Check(f, words)...)
	}
	for _, page := range pages(t) {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, style.Prose(page, text, words)...)
	}
	for _, f := range found {
		t.Errorf("%s", strings.TrimPrefix(f.String(), "./"))
	}
}

// pages are the pages that people read; docs/cli is written by the commands, and their texts are
// checked.
func pages(t *testing.T) []string {
	t.Helper()
	list := []string{"README.md"}
	for _, dir := range []string{"docs", "docs/how-to"} {
		found, err := filepath.Glob(filepath.Join(root, dir, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range found {
			list = append(list, dir+"/"+filepath.Base(page))
		}
	}
	return list
}
