// Package tree reads the source files of a checkout, for the programs of the workshop that measure
// and check them. It parses and does not build. Start at Read.
package tree

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A File is one Go file of the checkout.
type File struct {
	Path      string // from the root, with slashes
	Text      []byte
	Set       *token.FileSet
	Syntax    *ast.File
	Test      bool
	Generated bool
}

// Room is the directory of the file, from the root.
func (f File) Room() string { return path.Dir(f.Path) }

// Product reports whether the file belongs to the product, and not to the workshop.
func (f File) Product() bool { return IsProduct(f.Path) }

// Lines is the number of lines of the file.
func (f File) Lines() int { return bytes.Count(f.Text, []byte("\n")) }

// Line is the line of a position in the file.
func (f File) Line(pos token.Pos) int { return f.Set.Position(pos).Line }

// workshop lists the directories that are not part of the product: those of the workshop, and what
// only tests import.
var workshop = []string{
	"workshop", "cmd/kblab", "internal/fixture", "internal/trial", "internal/golden", "cmd/internal/cli/clitest",
}

// IsProduct reports whether a path belongs to the product.
func IsProduct(file string) bool {
	for _, room := range workshop {
		if Within(file, room) {
			return false
		}
	}
	return true
}

// Within reports whether a path is the directory or lies below it.
func Within(file, dir string) bool { return file == dir || strings.HasPrefix(file, dir+"/") }

// Read parses all Go files below the root. Directories of test data and other modules are left out.
func Read(root string) ([]File, error) {
	paths, err := Paths(root, ".go")
	if err != nil {
		return nil, err
	}
	var files []File
	for _, name := range paths {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		f, err := Parse(name, text)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// Parse parses one Go file.
func Parse(name string, text []byte) (File, error) {
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, text, parser.ParseComments)
	if err != nil {
		return File{}, fmt.Errorf("parse: %w", err)
	}
	return File{
		Path: name, Text: text, Set: set, Syntax: syntax,
		Test: strings.HasSuffix(name, "_test.go"), Generated: ast.IsGenerated(syntax),
	}, nil
}

// Paths lists the files below the root whose names end in the suffix, in order.
func Paths(root, suffix string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && isOutside(name, d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular() && strings.HasSuffix(name, suffix):
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			paths = append(paths, filepath.ToSlash(rel))
		}
		return nil
	})
	return paths, err
}

// isOutside reports whether a directory holds no sources of this module.
func isOutside(dir, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "bin" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
