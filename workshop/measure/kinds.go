package main

import (
	"cmp"
	"go/ast"
	"path"
	"slices"
	"strconv"

	"kbootstrap/workshop/internal/tree"
)

// A Kind is a kind of resource, and the product's files outside of its own that name its type in a
// type switch, a type assertion, or a table of types: they have to be changed when it is added.
// A value of the kind that is made somewhere is use, and does not count.
type Kind struct {
	Name, Path string
	Others     []string
}

// Touched is the number of files to be changed, with its own.
func (k Kind) Touched() int { return 1 + len(k.Others) }

// kindMethods are the methods that make a type a kind.
var kindMethods = []string{"ID", "State", "Observe", "Apply"}

// kinds returns the kinds in the room named resource, by name.
func kinds(module string, files []tree.File) []Kind {
	found := map[string]*Kind{}
	methods := map[string][]string{}
	for _, f := range files {
		if path.Base(f.Room()) != "resource" {
			continue
		}
		for _, d := range f.Syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && slices.Contains(kindMethods, fn.Name.Name) && receiver(fn) != "" {
				methods[receiver(fn)] = append(methods[receiver(fn)], fn.Name.Name)
				if fn.Name.Name == "State" {
					found[receiver(fn)] = &Kind{Name: receiver(fn), Path: f.Path}
				}
			}
		}
	}
	for name := range found {
		if len(methods[name]) != len(kindMethods) {
			delete(found, name)
		}
	}
	for _, f := range files {
		for _, name := range kindsNamed(module, f) {
			if k := found[name]; k != nil && k.Path != f.Path && !slices.Contains(k.Others, f.Path) {
				k.Others = append(k.Others, f.Path)
			}
		}
	}
	var list []Kind
	for _, k := range found {
		list = append(list, *k)
	}
	slices.SortFunc(list, func(a, b Kind) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// kindsNamed returns the types of the room resource that a file has in arms and in tables.
func kindsNamed(module string, f tree.File) []string {
	local := path.Base(f.Room()) == "resource"
	imported := importedAs(module, f)
	var names []string
	add := func(e ast.Expr) {
		if star, ok := e.(*ast.StarExpr); ok {
			e = star.X
		}
		switch e := e.(type) {
		case *ast.Ident:
			if local {
				names = append(names, e.Name)
			}
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.Ident); ok && imported != "" && x.Name == imported {
				names = append(names, e.Sel.Name)
			}
		}
	}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSwitchStmt:
			for _, clause := range n.Body.List {
				for _, e := range clause.(*ast.CaseClause).List {
					add(e)
				}
			}
		case *ast.TypeAssertExpr:
			add(n.Type)
		case *ast.IndexExpr: // kind[File](…)
			add(n.Index)
		case *ast.IndexListExpr:
			for _, e := range n.Indices {
				add(e)
			}
		case *ast.CompositeLit: // "file": File{}
			if local && len(n.Elts) == 0 && isTable(f, n) {
				add(n.Type)
			}
		}
		return true
	})
	return names
}

// isTable reports whether a value is part of a package's variable, and so a row of a table.
func isTable(f tree.File, n ast.Node) bool {
	return slices.ContainsFunc(f.Syntax.Decls, func(d ast.Decl) bool {
		_, ok := d.(*ast.GenDecl)
		return ok && d.Pos() <= n.Pos() && n.End() <= d.End()
	})
}

// importedAs returns the name that a file has for the room resource, or nothing.
func importedAs(module string, f tree.File) string {
	for _, spec := range f.Syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil || !tree.Within(imported, module) || path.Base(imported) != "resource" {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return "resource"
	}
	return ""
}

// receiver returns the name of the type that a method belongs to; it is empty for a function.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return ""
	}
	e := fn.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	switch generic := e.(type) {
	case *ast.IndexExpr:
		e = generic.X
	case *ast.IndexListExpr:
		e = generic.X
	}
	if name, ok := e.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}
