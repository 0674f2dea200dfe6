package main

import (
	"go/ast"
	"go/token"

	"kbootstrap/workshop/internal/tree"
)

// linesAlone returns the lines that hold one whole statement of a block, field of a struct, or
// method of an interface, and nothing else. A comment may be moved above such a line, and is still
// about it. Constants are left out: theirs are columns of a table, which a test may read.
func linesAlone(f tree.File) map[int]bool {
	alone, taken := map[int]bool{}, map[int]bool{}
	note := func(n ast.Node, around ast.Node) {
		first, last := f.Line(n.Pos()), f.Line(n.End())
		isAround := f.Line(around.Pos()) == first || f.Line(around.End()) == last
		alone[first] = first == last && !isAround && !taken[first]
		for line := first; line <= last; line++ {
			taken[line] = taken[line] || line == first || line == last
		}
	}
	statements := func(list []ast.Stmt, around ast.Node) {
		for _, s := range list {
			switch s.(type) {
			case *ast.CaseClause, *ast.CommClause: // their statements are noted by themselves
			default:
				note(s, around)
			}
		}
	}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			statements(n.List, n)
		case *ast.CaseClause:
			for _, s := range n.Body {
				if f.Line(s.Pos()) > f.Line(n.Colon) {
					note(s, tokenAt(n.Colon))
				}
			}
		case *ast.CommClause:
			for _, s := range n.Body {
				if f.Line(s.Pos()) > f.Line(n.Colon) {
					note(s, tokenAt(n.Colon))
				}
			}
		case *ast.StructType:
			fields(n.Fields, note)
		case *ast.InterfaceType:
			fields(n.Methods, note)
		}
		return true
	})
	return alone
}

func fields(list *ast.FieldList, note func(n, around ast.Node)) {
	for _, field := range list.List {
		note(field, list)
	}
}

// tokenAt makes a node of the one token at a position.
type tokenAt token.Pos

func (t tokenAt) Pos() token.Pos { return token.Pos(t) }
func (t tokenAt) End() token.Pos { return token.Pos(t) }
