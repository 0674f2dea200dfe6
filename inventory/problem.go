package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"kbootstrap/fault"
)

// Problem is one thing that is wrong with an inventory.
type Problem struct {
	Code fault.Code
	File string
	// Line and Column count from 1, columns in characters. They are 0 when the problem has no
	// place.
	Line, Column int
	Message      string
	Hint         string // what to do about it; may be empty
	Excerpt      string // the line of the file, without its newline; may be empty
}

// String returns the problem on one line, as compilers write it: "hosts.yaml:14:7: error[KB1003]:
// unknown field "rack"".
func (p Problem) String() string {
	message := p.Message
	if p.Code != "" {
		message = fmt.Sprintf("error[%s]: %s", p.Code, message)
	}
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, message)
}

// Warning returns the problem as a warning on one line, with what to do about it.
func (p Problem) Warning() string {
	text := fmt.Sprintf("%s:%d:%d: %s [%s]", p.File, p.Line, p.Column, p.Message, p.Code)
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	return text
}

// Problems are all that is wrong with an inventory, in the order of its lines. It is never empty
// when it is an error.
type Problems []Problem

// shown is how many problems are printed: more than that are usually one mistake that repeats.
const shown = 50

// Error returns each problem with its line of the file, a caret below the place, and the hint.
func (ps Problems) Error() string {
	var b strings.Builder
	if len(ps) > 1 {
		fmt.Fprintf(&b, "%s: %d problems\n", ps[0].File, len(ps))
	}
	for i, p := range ps {
		if i == shown {
			fmt.Fprintf(&b, "and %d more\n", len(ps)-shown)
			break
		}
		fmt.Fprintln(&b, p)
		if p.Excerpt != "" {
			line, caret := excerpt(p.Excerpt, p.Column)
			fmt.Fprintf(&b, "    %s\n    %s\n", line, caret)
		}
		if p.Hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", p.Hint)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Parts are the problems as single errors, whose texts are the messages alone.
func (ps Problems) Parts() []error {
	parts := make([]error, len(ps))
	for i, p := range ps {
		parts[i] = part{p}
	}
	return parts
}

// Unwrap returns the parts.
func (ps Problems) Unwrap() []error { return ps.Parts() }

// part is a problem as an error that knows its place.
type part struct{ Problem }

func (p part) Error() string     { return p.Message }
func (p part) Fault() fault.Code { return p.Code }
func (p part) Hint() string      { return p.Problem.Hint }

// Place is the line in the inventory.
func (p part) Place() fault.Place { return fault.Place{File: p.File, Line: p.Line, Column: p.Column} }

// Faults returns the codes of the problems that are printed, each once.
func (ps Problems) Faults() []fault.Code {
	var codes []fault.Code
	for _, p := range ps[:min(len(ps), shown)] {
		if !slices.Contains(codes, p.Code) {
			codes = append(codes, p.Code)
		}
	}
	return codes
}

// sorted returns the problems by line and column, each only once: an alias makes the same text go
// wrong several times.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	seen := map[Problem]bool{}
	return slices.DeleteFunc(ps, func(p Problem) bool {
		again := seen[p]
		seen[p] = true
		return again
	})
}

// The part of a long line that an excerpt shows: so much before the place, and so much in all. It
// fits 80 columns.
const (
	excerptBefore = 30
	excerptWidth  = 72
)

// printable replaces unprintable runes, so that an inventory cannot send control sequences to the
// terminal.
func printable(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case !unicode.IsPrint(r):
		return '?'
	}
	return r
}

// excerpt cuts a line to what fits a terminal and returns a caret to print below it.
func excerpt(line string, column int) (text, caret string) {
	runes := []rune(line)
	at := min(max(column-1, 0), len(runes))
	from := 0
	if len(runes) > excerptWidth && at > excerptBefore {
		from = at - excerptBefore
	}
	to := min(len(runes), from+excerptWidth)
	text = strings.TrimRight(strings.Map(printable, string(runes[from:to])), " ")
	return text, strings.Repeat(" ", at-from) + "^"
}
