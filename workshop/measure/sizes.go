package main

import (
	"go/ast"
	"slices"
	"strings"

	"kbootstrap/workshop/internal/tree"
	"kbootstrap/workshop/style"
)

// A Package is a room with its number of files and lines.
type Package struct {
	Room         string
	Files, Lines int
}

// biggest returns the package with the most lines, and the one with the most files.
func biggest(files []tree.File) (lines, count Package) {
	packages := map[string]Package{}
	for _, f := range files {
		p := packages[f.Room()]
		packages[f.Room()] = Package{f.Room(), p.Files + 1, p.Lines + f.Lines()}
	}
	for _, room := range sorted(packages) {
		p := packages[room]
		if p.Lines > lines.Lines {
			lines = p
		}
		if p.Files > count.Files {
			count = p
		}
	}
	return lines, count
}

// An Object is a type with its number of methods.
type Object struct {
	Name    string // with its room
	Methods int
}

// largestObject returns the type with the most methods. A method that two systems have each for
// themselves counts once.
func largestObject(files []tree.File) Object {
	methods := map[string]map[string]bool{}
	for _, f := range files {
		for _, d := range f.Syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || receiver(fn) == "" {
				continue
			}
			name := f.Room() + "." + receiver(fn)
			if methods[name] == nil {
				methods[name] = map[string]bool{}
			}
			methods[name][fn.Name.Name] = true
		}
	}
	var largest Object
	for _, name := range sorted(methods) {
		if len(methods[name]) > largest.Methods {
			largest = Object{name, len(methods[name])}
		}
	}
	return largest
}

// Lines are lines of Go, without tests and generated files.
type Lines struct{ Product, Workshop int }

func countLines(files []tree.File) Lines {
	var l Lines
	for _, f := range files {
		if f.Product() {
			l.Product += f.Lines()
		} else {
			l.Workshop += f.Lines()
		}
	}
	return l
}

// longFunction is the number of lines that a function should not exceed.
const longFunction = 60

// Functions tells of the functions and methods of product and workshop how long they are.
type Functions struct {
	All, Long int
	Longest   string
	Lines     int // of the longest
}

// share is the part of the functions that are too long, in per cent.
func (f Functions) share() float64 { return 100 * float64(f.Long) / float64(max(1, f.All)) }

func countFunctions(files []tree.File) Functions {
	var count Functions
	for _, f := range files {
		for _, d := range f.Syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.Line(fn.End()) - f.Line(fn.Pos()) + 1
			count.All++
			if lines > longFunction {
				count.Long++
			}
			if lines > count.Lines {
				count.Longest, count.Lines = f.Path+" "+fn.Name.Name, lines
			}
		}
	}
	return count
}

// Columns are the lines that are too long by the rules of workshop/style, tests included.
type Columns struct{ Code, Comment int }

func countColumns(files []tree.File) Columns {
	var count Columns
	for _, f := range files {
		for _, found := range style.Check(f, nil) {
			switch found.Rule {
			case style.CodeColumns:
				count.Code++
			case style.CommentColumns:
				count.Comment++
			}
		}
	}
	return count
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
