// Package contributing builds the tool with the component of docs/contributing.md, so that the page
// cannot lie. Start at Apply.
package contributing

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Component is the name of the component of the page.
const Component = "quiet"

// example is a file of the page, or a change of one.
var example = regexp.MustCompile("(?m)^`((?:provision|templates)/[^`]+)`\n\n```(go|yaml|diff)\n((?s:.*?))^```$")

// Apply copies what the product and its tests are built from, and changes the copy as the page
// says. Root is the repository's own directory.
func Apply(root, to string) error {
	page, err := os.ReadFile(filepath.Join(root, "docs/contributing.md"))
	if err != nil {
		return err
	}
	examples := example.FindAllStringSubmatch(string(page), -1)
	if len(examples) != 3 {
		return fmt.Errorf("the page has %d examples, not a Go file, a manifest and the line in the table of contents",
			len(examples))
	}
	if err := copySources(root, to); err != nil {
		return err
	}
	for _, e := range examples {
		path, text := filepath.Join(to, e[1]), e[3]
		if e[2] == "diff" {
			if text, err = patched(path, e[3]); err != nil {
				return err
			}
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copySources copies the product, its tests included.
func copySources(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "docs", "lab", "workshop"}, name):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o644)
	})
}

// patched is a file after a change that adds lines to some that are there once.
func patched(path, diff string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var before, after []byte
	for line := range strings.Lines(diff) {
		if !strings.HasPrefix(line, "+") {
			before = append(before, line[1:]...)
		}
		after = append(after, line[1:]...)
	}
	if n := bytes.Count(text, before); n != 1 {
		return "", fmt.Errorf("%s has these lines %d times, not once:\n%s", path, n, before)
	}
	return string(bytes.Replace(text, before, after, 1)), nil
}
