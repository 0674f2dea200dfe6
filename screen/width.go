package screen

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// cells is how many columns of a terminal a text takes. Characters that join or modify others take
// none; the wide characters of East Asian scripts and most pictograms take two.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

func runeCells(r rune) int {
	if r < 0x300 { // most of what is ever written; the soft hyphen alone would be none, and terminals differ on it
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens a text to at most n columns, the last of them an ellipsis when something is left
// out.
func (m signs) cut(s string, n int) string {
	if cells(s) <= n {
		return s
	}
	dots := m.ellipsis
	room := n - cells(dots)
	if room < 0 {
		dots, room = "", n
	}
	used := 0
	for i, r := range s {
		w := runeCells(r)
		if used+w > room {
			return s[:i] + dots
		}
		used += w
	}
	return s
}

// wrap puts a text after a prefix and breaks it between words so that it fits the terminal. The
// lines after the first are indented to the beginning of the text, if that leaves enough room.
func wrap(before, text string, width int) string {
	indent := cells(before)
	if indent > width/2 {
		indent = 4
	}
	var b strings.Builder
	b.WriteString(before)
	used, first := cells(before), true
	for word := range strings.SplitSeq(text, " ") {
		n := cells(word)
		switch {
		case first:
		case used+1+n < width:
			b.WriteString(" ")
			used++
		default:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used = indent
		}
		b.WriteString(word)
		used, first = used+n, false
	}
	return b.String()
}

// pad fills a text up to n columns.
func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-cells(s))) }

// clean makes a text from a host safe to write: on one line, without characters that a terminal
// takes as commands, and in ASCII if the terminal has only that.
func (o Options) clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case isCommand(r):
			return -1
		case o.ASCII && r == '…':
			return '.'
		case o.ASCII && r == 'µ':
			return 'u' // as people write microseconds without it
		case o.ASCII && r > unicode.MaxASCII:
			return '?'
		}
		return r
	}, s)
}

// isCommand reports whether a terminal may take a character as a command, or change the order of
// the text around it.
func isCommand(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// Clean makes a text that may come from a host safe for a terminal: it removes characters that a
// terminal takes as commands, such as escape sequences and those that change the direction of
// writing. Newlines and tabs stay.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && isCommand(r) {
			return -1
		}
		return r
	}, s)
}
