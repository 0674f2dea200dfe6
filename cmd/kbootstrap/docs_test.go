package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli/clitest"
	"kbootstrap/internal/fixture"
	"kbootstrap/internal/golden"
	"kbootstrap/provision/component"
)

// root is the project's directory, seen from this package.
const root = "../.."

// TestDocsCommands checks that the README's table has every command that --help shows.
func TestDocsCommands(t *testing.T) {
	readme := readDoc(t, "README.md")
	for page := range clitest.ReadPages(t, filepath.Join(docsDir, "cli")) {
		command, ours := strings.CutPrefix(strings.TrimSuffix(page, ".md"), "kbootstrap_")
		if !ours {
			continue // another program's, or the root
		}
		if strings.ContainsAny(command, "_") || command == "completion" {
			continue // below another, or cobra's own
		}
		if !regexp.MustCompile("(?m)^\\| \\[`" + command + "\\b").MatchString(readme) {
			t.Errorf("README.md: the table of commands lacks %s", command)
		}
	}
}

// TestDocsExitCodes keeps the guide's table in step with exit.go.
func TestDocsExitCodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	table := "| code | meaning |\n|---|---|\n"
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 && strings.HasPrefix(v.Names[0].Name, "exit") {
			meaning := "done; or nothing was to be done"
			if v.Comment != nil {
				meaning = strings.TrimSpace(v.Comment.Text())
			}
			if code, ok := v.Values[0].(*ast.BasicLit); ok {
				table += fmt.Sprintf("| %s | %s |\n", code.Value, meaning)
			}
		}
		return true
	})
	if strings.Count(table, "\n") < 10 {
		t.Fatalf("exit.go has few codes:\n%s", table)
	}
	golden.Sections(t, filepath.Join(docsDir, "guide.md"), map[string]string{
		"exit codes": table, "open ports": component.PortTable(fixture.Parse(t, fixture.Small)),
	})
}

// TestDocsComponents keeps the design's table in step with the order and the dependencies of the
// components.
func TestDocsComponents(t *testing.T) {
	const name = "docs/design.md"
	row := regexp.MustCompile(`(?m)^\| ([a-z-]+)( \(rolling\))? \| [^|]* \| ([^|]*)\| ([^|]*)\|$`)
	var got []string
	for _, r := range row.FindAllStringSubmatch(readDoc(t, name), -1) {
		if r[1] != "component" {
			got = append(got, fmt.Sprintf("%s rolling %t after %q needs %q", r[1], r[2] != "", strings.TrimSpace(r[3]),
				strings.TrimSpace(r[4])))
		}
	}
	var want []string
	for _, c := range component.Components() {
		want = append(want, fmt.Sprintf("%s rolling %t after %q needs %q", c.Name, c.Rolling,
			strings.Join(c.After, ", "), strings.Join(c.Needs, ", ")))
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s: the table of components is out of step with provision.Components\n%s", name, diff)
	}
}

// TestDocsDependencies checks that there is a sentence for each module that the code imports.
func TestDocsDependencies(t *testing.T) {
	const name = "docs/decisions/0004-dependencies.md"
	text := readDoc(t, name)
	modules := requiredModules(t)
	used := map[string]bool{}
	walk(t, ".go", func(path string, source []byte) {
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ImportsOnly)
		if err != nil {
			return // being written
		}
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			module := "" // the longest: x/v2 is not part of x
			for _, m := range modules {
				if (imported == m || strings.HasPrefix(imported, m+"/")) && len(m) > len(module) {
					module = m
				}
			}
			if module != "" {
				used[module] = true
			}
		}
	})
	if len(used) < 10 {
		t.Fatalf("only %d modules are imported", len(used))
	}
	for m := range used {
		if !strings.Contains(text, "`"+m+"`") {
			t.Errorf("%s has no sentence for %s", name, m)
		}
	}
}

// requiredModules are the modules in go.mod.
func requiredModules(t *testing.T) []string {
	t.Helper()
	var modules []string
	for line := range strings.Lines(readDoc(t, "go.mod")) {
		if fields := strings.Fields(line); len(fields) >= 2 && strings.HasPrefix(fields[1], "v") {
			modules = append(modules, fields[0])
		}
	}
	return modules
}

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingPattern = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	fencePattern   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
)

// TestDocsLinks follows each link from one document to another, to its heading too.
func TestDocsLinks(t *testing.T) {
	followed := 0
	walk(t, ".md", func(path string, text []byte) {
		for _, link := range linkPattern.FindAllSubmatch(fencePattern.ReplaceAll(text, nil), -1) {
			target, fragment, _ := strings.Cut(string(link[1]), "#")
			if strings.Contains(target, "://") {
				continue
			}
			followed++
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
			}
			page, err := os.ReadFile(to)
			if info, statErr := os.Stat(to); statErr == nil && info.IsDir() {
				page, err = nil, nil
			}
			if err != nil {
				t.Errorf("%s: link to %s: %v", path, link[1], err)
				continue
			}
			if fragment != "" && !anchors(page)[fragment] {
				t.Errorf("%s: link to %s: there is no such heading", path, link[1])
			}
		}
	})
	if followed < 20 {
		t.Errorf("only %d links were followed", followed)
	}
}

// anchors are the names of a page's headings in links: lower case, dashes for blanks, letters of
// any script, no other marks.
func anchors(page []byte) map[string]bool {
	all := map[string]bool{}
	for _, heading := range headingPattern.FindAllStringSubmatch(string(fencePattern.ReplaceAll(page, nil)), -1) {
		name := strings.ReplaceAll(strings.ToLower(heading[1]), " ", "-")
		all[regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(name, "")] = true
	}
	return all
}

// walk reads the project's files of one kind; what tools keep in hidden directories is not the
// project's.
func walk(t *testing.T, suffix string, visit func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") ||
			d.Name() == "testdata" || d.Name() == "tools"):
			return filepath.SkipDir
		case !d.Type().IsRegular() || filepath.Ext(path) != suffix:
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(path, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocsKinds checks that docs/events.md tells the result of each command that has a document.
func TestDocsKinds(t *testing.T) {
	text, told := readDoc(t, "docs/events.md"), 0
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Flags().Lookup("events") != nil {
			told++
			if k := kind(verb(c)); !strings.Contains(text, "`"+k+"`") {
				t.Errorf("docs/events.md does not tell the result of the kind %s", k)
			}
		}
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	visit((&app{}).root())
	if told < 6 {
		t.Errorf("only %d commands have a document", told)
	}
}
