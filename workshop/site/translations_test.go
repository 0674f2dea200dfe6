package site_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/workshop/site"
)

// root is the project's directory, seen from this package.
const root = "../.."

// pair is a page in both languages, by the path from the root.
type pair struct {
	English string `json:"en"`
	Chinese string `json:"zh"`
}

func pairs(t *testing.T) []pair {
	t.Helper()
	text, err := os.ReadFile("pages.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []pair
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestTranslations: both pages of a pair are there, have the same headings, blocks and tables, and
// lead to each other at their top.
func TestTranslations(t *testing.T) {
	for _, p := range pairs(t) {
		english, chinese := read(t, p.English), read(t, p.Chinese)
		there, back := link(t, p.English, p.Chinese), link(t, p.Chinese, p.English)
		en, zh := site.Read(english, there), site.Read(chinese, back)
		if len(en.Headings) < 1 {
			t.Errorf("%s has %d headings", p.English, len(en.Headings))
		}
		if en.Links == 0 || zh.Links == 0 {
			t.Errorf("%s has %d links to its other language (%s), and %s has %d (%s)",
				p.English, en.Links, there, p.Chinese, zh.Links, back)
		}
		for _, page := range []string{english, chinese} {
			if top := strings.SplitN(page, "\n", 4); len(top) < 4 || !strings.HasPrefix(top[2], "[") {
				t.Errorf("%s, %s: the link to the other language is not below the title", p.English, p.Chinese)
			}
		}
		en.Links, zh.Links = 0, 0
		if diff := cmp.Diff(en, zh); diff != "" {
			t.Errorf("%s is out of step with %s\n-%s +%s\n%s", p.Chinese, p.English, p.English, p.Chinese, diff)
		}
		if n := len(strings.FieldsFunc(chinese, func(r rune) bool { return !unicode.Is(unicode.Han, r) })); n < 20 {
			t.Errorf("%s is not in Chinese", p.Chinese)
		}
	}
}

// TestEveryTranslationIsListed: a page below docs/zh, or one that links to such a page at its top,
// is in the list of pairs.
func TestEveryTranslationIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, p := range pairs(t) {
		listed[p.English], listed[p.Chinese] = true, true
	}
	marked := regexp.MustCompile(`(?m)^\[(中文|English)\]\(`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "tools"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		page, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if (strings.HasPrefix(page, "docs/zh/") || marked.MatchString(read(t, page))) && !listed[page] {
			t.Errorf("%s is not in workshop/site/pages.json", page)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRead: what is compared is found, and what differs is seen.
func TestRead(t *testing.T) {
	const page = "# A\n\n[x](b.md)\n\n    up\n\n## B\n\n```yaml\na: 1\n```\n\n| `f` | x |\n|---|---|\n| a | `b\\|c` |\n"
	want := site.Page{
		Headings: []int{1, 2}, Blocks: []string{"    up", "```yaml\na: 1\n```"}, Tables: [][]int{{2, 2, 2}},
		Code: [][]string{{"`f`", "", ""}}, Links: 1,
	}
	if diff := cmp.Diff(want, site.Read(page, "b.md")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, change := range [][2]string{
		{"## B", "### B"}, {"    up", "    down"}, {"a: 1", "a: 2"}, {"| a |", "| a | b |"}, {"`f`", "`g`"},
		{"b.md", "c.md"},
	} {
		if cmp.Equal(want, site.Read(strings.Replace(page, change[0], change[1], 1), "b.md")) {
			t.Errorf("%q instead of %q is not seen", change[1], change[0])
		}
	}
}

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// link is how one page names another.
func link(t *testing.T, from, to string) string {
	t.Helper()
	relative, err := filepath.Rel(filepath.Dir(from), to)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(relative)
}
