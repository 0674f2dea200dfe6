package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"kbootstrap/fault"
	"kbootstrap/internal/golden"
)

// The project's root as seen from this package.
const root = ".."

// TestEntries: the form of each entry.
func TestEntries(t *testing.T) {
	code := regexp.MustCompile(`^KB[1-9][0-9]{3}$`)
	seen := map[fault.Code]bool{}
	for _, e := range fault.All() {
		switch {
		case !code.MatchString(string(e.Code)) || fault.Area(e.Code) == "":
			t.Errorf("%s: not a code of an area", e.Code)
		case seen[e.Code]:
			t.Errorf("%s: two entries", e.Code)
		case e.Title == "" || len(e.Title) > 72 || strings.ContainsAny(e.Title, "\n") ||
			strings.HasSuffix(e.Title, "."):
			t.Errorf("%s: the title is not one short line without a full stop: %q", e.Code, e.Title)
		case unicode.IsUpper(rune(e.Title[0])) && len(e.Title) > 1 && unicode.IsLower(rune(e.Title[1])):
			t.Errorf("%s: the title begins with a capital: %q", e.Code, e.Title)
		case len(e.Cause) < 40 || len(e.Fix) < 20:
			t.Errorf("%s: says too little", e.Code)
		case e.Hint() == "" || len(e.Hint()) > 200:
			t.Errorf("%s: the first paragraph of what to do is the hint, and it is too long for that: %q",
				e.Code, e.Hint())
		}
		for line := range strings.Lines(e.Cause + "\n" + e.Fix) {
			if strings.HasPrefix(line, "\t") || strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
				t.Errorf("%s: a line begins with a tab or ends with a blank: %q", e.Code, line)
			}
		}
		seen[e.Code] = true
		if found, ok := fault.Lookup(e.Code); !ok || found != e {
			t.Errorf("%s: not found", e.Code)
		}
	}
	if _, ok := fault.Lookup("KB0000"); ok {
		t.Error("KB0000 was found")
	}
}

// TestPage: docs/errors.md is what the catalogue says, and so is its page in Chinese.
func TestPage(t *testing.T) {
	golden.File(t, filepath.Join(root, "docs", "errors.md"), fault.English.Markdown())
	golden.File(t, filepath.Join(root, "docs", "zh", "errors.md"), fault.Chinese.Markdown())
}

// TestCodes: each constant has an entry, and each entry a constant; each code is returned by code
// and asserted by a test.
func TestCodes(t *testing.T) {
	declared := constants(t)
	entries := map[fault.Code]bool{}
	for _, e := range fault.All() {
		entries[e.Code] = true
	}
	for name, code := range declared {
		if !entries[code] {
			t.Errorf("fault.%s (%s) has no entry", name, code)
		}
	}
	if n := len(slices.Compact(slices.Sorted(maps.Values(declared)))); n != len(declared) {
		t.Errorf("%d constants for %d codes", len(declared), n)
	}
	for code := range entries {
		if !slices.Contains(slices.Collect(maps.Values(declared)), code) {
			t.Errorf("%s has no constant", code)
		}
	}
	returned, asserted := uses(t)
	for _, name := range []string{"LocalNoSpace", "LocalDenied", "LocalMissing", "LocalDirectory", "Unclassified"} {
		returned[name] = true // by OfLocal
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if !returned[name] {
			t.Errorf("fault.%s (%s) is returned by no code: give it to its error, or take it out of the catalogue",
				name, declared[name])
		}
		if !asserted[name] && !asserted[string(declared[name])] {
			t.Errorf("fault.%s (%s) is asserted by no test: make the error come about in one, and compare its code",
				name, declared[name])
		}
	}
}

// constants returns the constants of type Code in this package, by name.
func constants(t *testing.T) map[string]fault.Code {
	t.Helper()
	all := map[string]fault.Code{}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Code" {
				return true
			}
			for i, v := range spec.Values {
				literal, ok := v.(*ast.BasicLit)
				if !ok {
					continue
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				all[spec.Names[i].Name] = fault.Code(text)
			}
			return true
		})
	}
	return all
}

// uses returns which constants of this package are named in code, and which in tests, of all other
// packages. Scripts and their codes count as tests.
func uses(t *testing.T) (returned, asserted map[string]bool) {
	t.Helper()
	returned, asserted = map[string]bool{}, map[string]bool{}
	code := regexp.MustCompile(`KB[1-9][0-9]{3}`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") ||
			d.Name() == "fault" || d.Name() == "tools"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".txtar"):
			text, err := os.ReadFile(path)
			for _, c := range code.FindAllString(string(text), -1) {
				asserted[c] = true
			}
			return err
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		names := returned
		if strings.HasSuffix(path, "_test.go") {
			names = asserted
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := s.X.(*ast.Ident); ok && id.Name == "fault" {
					names[s.Sel.Name] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return returned, asserted
}
