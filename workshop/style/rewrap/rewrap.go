package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"slices"
	"strings"

	"kbootstrap/workshop/internal/tree"
	"kbootstrap/workshop/style"
)

// rewrap returns the text of a file with the lines of its comments as they should be, and the
// numbers of the lines that stay too long because of a comment after the code, as they are numbered
// in the text.
func rewrap(f tree.File) (text []byte, left []int, err error) {
	for range 5 {
		text, left, err = rewrapOnce(f)
		if err != nil || string(text) == string(f.Text) {
			return text, left, err
		}
		// Where one comment has moved away, gofmt aligns those of its neighbours: they are looked
		// at again.
		if f, err = tree.Parse(f.Path, text); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("it changes each time")
}

func rewrapOnce(f tree.File) (text []byte, left []int, err error) {
	lines := strings.Split(string(f.Text), "\n")
	above, left := trailing(f, lines)
	wrapped := map[int][]string{} // by the first line of a group, and nil for its other lines
	for _, group := range f.Syntax.Comments {
		first, ok := ownLines(f, group, lines)
		if !ok || isExampleOutput(f, group) {
			continue
		}
		block := lines[first-1 : first-1+len(group.List)]
		for i := range block {
			wrapped[first+i] = nil
		}
		wrapped[first] = wrapGroup(block)
	}
	var out []string
	for i, line := range lines {
		number := i + 1
		if group, ok := wrapped[number]; ok {
			out = append(out, group...)
			continue
		}
		if comment, ok := above[number]; ok {
			indent := line[:len(line)-len(strings.TrimLeft(line, "\t"))]
			out = append(out, wrapGroup([]string{indent + comment})...)
			line = strings.TrimRight(strings.TrimSuffix(line, comment), " \t")
		}
		out = append(out, line)
	}
	text, err = format.Source([]byte(strings.Join(out, "\n")))
	if err != nil {
		return nil, nil, fmt.Errorf("format: %w", err)
	}
	return text, left, same(f, text)
}

// same returns an error unless a text has the code and the words of the file.
func same(f tree.File, text []byte) error {
	if !slices.Equal(style.Tokens(f.Text), style.Tokens(text)) {
		return fmt.Errorf("the code would change")
	}
	changed, err := tree.Parse(f.Path, text)
	if err != nil {
		return err
	}
	if !slices.Equal(words(f), words(changed)) {
		return fmt.Errorf("the words of comments would change")
	}
	return nil
}

// words returns the words of each group of comments, one group a string.
func words(f tree.File) []string {
	var groups []string
	for _, group := range f.Syntax.Comments {
		var all []string
		for _, c := range group.List {
			all = append(all, strings.Fields(strings.TrimPrefix(c.Text, "//"))...)
		}
		groups = append(groups, strings.Join(all, " "))
	}
	return groups
}

// ownLines returns the line of a group of // comments that share no line with code.
func ownLines(f tree.File, group *ast.CommentGroup, lines []string) (first int, ok bool) {
	first = f.Line(group.Pos())
	for i, c := range group.List {
		line := lines[first-1+i]
		if f.Line(c.Pos()) != first+i || !strings.HasPrefix(c.Text, "//") || strings.TrimLeft(line, "\t ") != c.Text {
			return 0, false
		}
	}
	return first, true
}

// isExampleOutput reports whether a test compares the comment with what an example prints.
func isExampleOutput(f tree.File, group *ast.CommentGroup) bool {
	text := strings.ToLower(group.Text())
	return f.Test && (strings.HasPrefix(text, "output:") || strings.HasPrefix(text, "unordered output:"))
}

// trailing returns the comments after code that are to be moved above it, by line, and the lines
// that are too long and must be mended by hand.
func trailing(f tree.File, lines []string) (above map[int]string, left []int) {
	above = map[int]string{}
	alone := linesAlone(f)
	for _, group := range f.Syntax.Comments {
		c := group.List[0]
		at := f.Set.Position(c.Pos())
		line := lines[at.Line-1]
		if strings.TrimSpace(line[:at.Column-1]) == "" || style.Columns(line) <= style.CodeLimit ||
			!strings.HasPrefix(c.Text, "//") {
			continue
		}
		before, after := "", ""
		if at.Line > 1 {
			before = strings.TrimSpace(lines[at.Line-2])
		}
		if at.Line < len(lines) {
			after = strings.TrimSpace(lines[at.Line])
		}
		switch {
		case len(group.List) > 1, !alone[at.Line], style.IsDirective(c.Text), isComment(before), isComment(after),
			bytes.Contains([]byte(line[:at.Column-1]), []byte("/*")):
			left = append(left, at.Line)
		default:
			above[at.Line] = c.Text
		}
	}
	return above, left
}

// isComment reports whether a line may be the beginning, or the rest, of the comment next to it.
func isComment(line string) bool {
	return strings.HasPrefix(line, "//") || strings.HasSuffix(line, "*/")
}
