package main

import (
	"cmp"
	"go/ast"
	"slices"

	"kbootstrap/workshop/internal/tree"
)

// largeRoom is the number of files from which on it matters how many others each file names.
const largeRoom = 10

// A Room is a larger package, with the number of references between its files: a file that names
// something of another one is one reference, however often it does.
type Room struct {
	Path              string
	Files, References int
}

// PerFile is the number of other files that a file of the room names.
func (r Room) PerFile() float64 { return float64(r.References) / float64(r.Files) }

// rooms returns the larger rooms; the most entangled one is first.
//
// It goes by names and not by types. A name that the file itself does not declare belongs to the
// file that declares it in the package. A method belongs to the file that declares it, if only one
// does: so a call of another package's method of that name may count wrongly.
func rooms(files []tree.File) []Room {
	byRoom := map[string][]tree.File{}
	for _, f := range files {
		byRoom[f.Room()] = append(byRoom[f.Room()], f)
	}
	var list []Room
	for _, room := range sorted(byRoom) {
		if len(byRoom[room]) >= largeRoom {
			list = append(list, Room{room, len(byRoom[room]), references(byRoom[room])})
		}
	}
	slices.SortStableFunc(list, func(a, b Room) int { return cmp.Compare(b.PerFile(), a.PerFile()) })
	return list
}

// references counts the pairs of files of which the first names something of the second.
func references(files []tree.File) int {
	declared, methods := map[string]string{}, map[string]string{}
	for _, f := range files {
		for _, d := range f.Syntax.Decls {
			for _, name := range namesOf(d) {
				declared[name] = f.Path
			}
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
				if other, ok := methods[fn.Name.Name]; ok && other != f.Path {
					methods[fn.Name.Name] = "" // several files declare it
				} else {
					methods[fn.Name.Name] = f.Path
				}
			}
		}
	}
	pairs := map[[2]string]bool{}
	for _, f := range files {
		for _, name := range f.Syntax.Unresolved {
			pairs[[2]string{f.Path, declared[name.Name]}] = true
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && !isPackage(f, s.X) {
				pairs[[2]string{f.Path, methods[s.Sel.Name]}] = true
			}
			return true
		})
	}
	n := 0
	for pair := range pairs {
		if pair[1] != "" && pair[0] != pair[1] {
			n++
		}
	}
	return n
}

// namesOf returns the names that a declaration gives to the package.
func namesOf(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// isPackage reports whether an expression is the name of an imported package.
func isPackage(f tree.File, e ast.Expr) bool {
	name, ok := e.(*ast.Ident)
	return ok && slices.ContainsFunc(f.Syntax.Unresolved, func(u *ast.Ident) bool { return u == name }) &&
		slices.ContainsFunc(f.Syntax.Imports, func(spec *ast.ImportSpec) bool { return importName(spec) == name.Name })
}
