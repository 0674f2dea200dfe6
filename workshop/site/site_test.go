//go:build e2e

package site_test

import (
	"html"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	reference = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	anchor    = regexp.MustCompile(`\sid="([^"]*)"`)
)

// TestSite builds the site, follows each link between its pages to the file and to the heading, and
// finds words in both indexes of the search.
func TestSite(t *testing.T) {
	build := exec.CommandContext(t.Context(), "make", "site")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("make site: %v\n%s", err, out)
	}
	dir := filepath.Join(root, "dist", "site")
	pages := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".html" {
			return err
		}
		text, err := os.ReadFile(path)
		page, relErr := filepath.Rel(dir, path)
		pages["/"+page] = string(text)
		if err != nil {
			return err
		}
		return relErr
	})
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for page, text := range pages {
		if strings.Contains(text, "{{ site.title }}") {
			t.Errorf("%s: the theme is not filled in", page)
		}
		for _, link := range reference.FindAllStringSubmatch(text, -1) {
			followed += follow(t, dir, pages, page, html.UnescapeString(link[1]))
		}
	}
	if len(pages) < 100 || followed < 1000 {
		t.Errorf("%d pages with %d links", len(pages), followed)
	}
	for index, word := range map[string]string{"root": "etcd", "zh": "集群"} {
		files, err := filepath.Glob(filepath.Join(dir, "assets", "chunks", "@localSearchIndex"+index+".*.js"))
		if err != nil || len(files) != 1 {
			t.Fatalf("the indexes of %s are %v: %v", index, files, err)
		}
		if text, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(text), `"`+word+`"`) {
			t.Errorf("the search of %s does not know %s: %v", index, word, err)
		}
	}
}

// follow checks one link of a page, and returns 1 if it leads to another place of the site.
func follow(t *testing.T, dir string, pages map[string]string, page, link string) int {
	t.Helper()
	to, err := url.Parse(link)
	if err != nil {
		t.Errorf("%s: %s: %v", page, link, err)
		return 0
	}
	if to.Scheme != "" || to.Host != "" || link == "" {
		return 0
	}
	target := to.Path
	switch {
	case target == "":
		target = page
	case strings.HasSuffix(target, "/"):
		target += "index.html"
	}
	if _, err := os.Stat(filepath.Join(dir, target)); err != nil {
		t.Errorf("%s links to %s: %v", page, link, err)
		return 1
	}
	if to.Fragment == "" || pages[target] == "" {
		return 1
	}
	for _, id := range anchor.FindAllStringSubmatch(pages[target], -1) {
		if html.UnescapeString(id[1]) == to.Fragment {
			return 1
		}
	}
	t.Errorf("%s links to %s: there is no such heading", page, link)
	return 1
}
