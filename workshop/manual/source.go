package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// source is the source of some modules, whose packages are read and typed as they are asked for.
// Packages of other modules are unknown: what is of their types has an invalid type, and nothing
// else suffers.
type source struct {
	dirs     map[string]string // of the modules, by path
	files    *token.FileSet
	library  types.Importer // the standard library
	outlines map[string]*types.Package
	whole    map[string]*unit
}

// unit is a package with the bodies of its functions.
type unit struct {
	files []*ast.File
	info  *types.Info
}

// module is a published module.
type module struct{ path, version string }

// shelf has the source that was read last: releases of one minor version share it.
type shelf struct {
	files   *token.FileSet
	library types.Importer
	modules []module
	source  *source
}

func newShelf() *shelf {
	files := token.NewFileSet()
	return &shelf{files: files, library: importer.ForCompiler(files, "source", nil)}
}

// fetch downloads the modules.
func (h *shelf) fetch(ctx context.Context, modules []module) (*source, error) {
	if h.source != nil && slices.Equal(h.modules, modules) {
		return h.source, nil
	}
	s := &source{dirs: map[string]string{}, files: h.files, library: h.library,
		outlines: map[string]*types.Package{}, whole: map[string]*unit{}}
	h.modules, h.source = modules, s
	for _, m := range modules {
		text, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.path+"@"+m.version).Output()
		if err != nil {
			return nil, fmt.Errorf("download %s %s: %w", m.path, m.version, err)
		}
		var got struct{ Dir string }
		if err := json.Unmarshal(text, &got); err != nil {
			return nil, fmt.Errorf("download %s %s: %w", m.path, m.version, err)
		}
		s.dirs[m.path] = got.Dir
	}
	return s, nil
}

var errElsewhere = errors.New("of a module that is not read")

// dir returns the directory of a package.
func (s *source) dir(path string) (string, error) {
	for m := path; m != "."; m = filepath.Dir(m) {
		if dir, ok := s.dirs[m]; ok {
			return filepath.Join(dir, strings.TrimPrefix(path, m)), nil
		}
	}
	return "", errElsewhere
}

// parse reads the files of a package that are built on Linux.
func (s *source) parse(path string) ([]*ast.File, error) {
	dir, err := s.dir(path)
	if err != nil {
		return nil, err
	}
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled = "linux", "amd64", true
	p, err := context.ImportDir(dir, 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var files []*ast.File
	for _, name := range append(p.GoFiles, p.CgoFiles...) {
		file, err := parser.ParseFile(s.files, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Import is how packages import each other: by their outlines, which have no bodies.
func (s *source) Import(path string) (*types.Package, error) {
	if p, ok := s.outlines[path]; ok {
		if p == nil {
			return nil, errElsewhere
		}
		return p, nil
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") && path != "C" {
		p, err := s.library.Import(path)
		s.outlines[path] = p
		return p, err
	}
	s.outlines[path] = nil // in case that a package imports itself
	files, err := s.parse(path)
	if err != nil {
		return nil, err
	}
	p, _ := s.check(path, files, nil)
	s.outlines[path] = p
	return p, nil
}

// check types a package; with an info, the bodies as well.
func (s *source) check(path string, files []*ast.File, info *types.Info) (*types.Package, error) {
	config := types.Config{Importer: s, IgnoreFuncBodies: info == nil, FakeImportC: true, Error: func(error) {}}
	return config.Check(path, s.files, files, info)
}

// unit returns a package with its bodies.
func (s *source) unit(path string) (*unit, error) {
	if u, ok := s.whole[path]; ok {
		return u, nil
	}
	files, err := s.parse(path)
	if err != nil {
		return nil, err
	}
	u := &unit{files, &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	_, _ = s.check(path, files, u.info) // what is of unknown types is an error, and expected
	s.whole[path] = u
	return u, nil
}
