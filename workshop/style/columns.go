package style

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"regexp"
	"strings"
	"unicode/utf8"

	"kbootstrap/workshop/internal/tree"
)

// directive matches the comments that programs read. They have no lines to be broken into.
var directive = regexp.MustCompile(`^//(go:|line |export |nolint|extern |[a-z0-9]+:[a-z0-9])`)

// IsDirective reports whether a comment is one for programs.
func IsDirective(comment string) bool { return directive.MatchString(comment) }

// Columns is the width of a line, tabs being as wide as to the next tab stop.
func Columns(line string) int {
	n := 0
	for _, r := range line {
		if r == '\t' {
			n += TabWidth - n%TabWidth
			continue
		}
		n++
	}
	return n
}

// columns returns the lines of a file that are too long.
//
// What cannot be broken does not count: the lines of a raw string that has several, the tags of
// structs, the paths of imports, directives, and URLs and other words that fit no line at all.
// Preformatted text in a comment (which is indented, or a table) may be as long as code. A comment
// that follows code is part of the line of code.
func columns(f tree.File) []Finding {
	var found []Finding
	spared, comments := spared(f), commentLines(f)
	for i, line := range strings.Split(string(f.Text), "\n") {
		number := i + 1
		width := Columns(line) - spared[number]
		text, isComment := comments[number]
		switch {
		case isComment && !fits(line, text):
			found = append(found, Finding{CommentColumns, f.Path, number,
				fmt.Sprintf("a comment line of %d columns; %d are the limit", width, CommentLimit)})
		case !isComment && width > CodeLimit:
			found = append(found, Finding{CodeColumns, f.Path, number,
				fmt.Sprintf("a code line of %d columns; %d are the limit", width, CodeLimit)})
		}
	}
	return found
}

// fits reports whether a line that is a comment, or a part of one, is short enough.
func fits(line, text string) bool {
	width := Columns(line)
	switch {
	case width <= CommentLimit || IsDirective(text):
		return true
	case IsPreformatted(text):
		return width <= CodeLimit
	}
	indent := Columns(line[:len(line)-len(strings.TrimLeft(line, "\t "))])
	words := strings.Fields(strings.TrimPrefix(text, "//"))
	return len(words) == 1 && indent+len("// ")+utf8.RuneCountInString(words[0]) > CommentLimit
}

// IsPreformatted reports whether a comment line is indented text or a row of a table.
func IsPreformatted(text string) bool {
	rest, ok := strings.CutPrefix(text, "//")
	return ok && (strings.HasPrefix(rest, "\t") || strings.HasPrefix(rest, "  ") || strings.HasPrefix(rest, " |"))
}

// commentLines returns the lines that consist of a comment or of a part of one, without their
// indentation.
func commentLines(f tree.File) map[int]string {
	lines := bytes.Split(f.Text, []byte("\n"))
	found := map[int]string{}
	for _, group := range f.Syntax.Comments {
		for _, c := range group.List {
			begin, end := f.Set.Position(c.Pos()), f.Set.Position(c.End())
			for n := begin.Line; n <= end.Line; n++ {
				before := lines[n-1]
				if n == begin.Line {
					before = before[:begin.Column-1]
				} else {
					before = nil
				}
				if len(bytes.TrimSpace(before)) == 0 {
					found[n] = string(bytes.TrimSpace(lines[n-1]))
				}
			}
		}
	}
	return found
}

// spared returns how many columns of each line do not count because they cannot be broken.
func spared(f tree.File) map[int]int {
	found := map[int]int{}
	tags := map[token.Pos]bool{}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				tags[n.Tag.Pos()] = true
			}
		case *ast.ImportSpec:
			tags[n.Path.Pos()] = true
		}
		return true
	})
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		begin := f.Line(literal.Pos())
		lines := strings.Split(literal.Value, "\n")
		switch {
		case len(lines) > 1:
			for i, line := range lines {
				found[begin+i] += Columns(line)
			}
		case tags[literal.Pos()], strings.Contains(literal.Value, "://") && !strings.ContainsAny(literal.Value, " \t"):
			found[begin] += Columns(literal.Value)
		}
		return true
	})
	return found
}

// Tokens returns the tokens of a file without its comments: two files with the same tokens are the
// same program.
func Tokens(text []byte) []string {
	set := token.NewFileSet()
	var s scanner.Scanner
	s.Init(set.AddFile("", set.Base(), len(text)), text, nil, 0)
	var tokens []string
	for {
		_, kind, literal := s.Scan()
		if kind == token.EOF {
			return tokens
		}
		tokens = append(tokens, kind.String()+" "+literal)
	}
}
