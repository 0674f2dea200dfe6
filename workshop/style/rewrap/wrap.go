package main

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"kbootstrap/workshop/style"
)

// marker matches the words that begin an item of a list, a heading, or a row of a table.
var marker = regexp.MustCompile(`^([-*+•#|]|#+|[0-9]+[.)]|[a-z][.)])$`)

// gap matches the space between the columns of a table.
var gap = regexp.MustCompile(`\S {2,}\S`)

// wrapGroup returns the lines of a group of // comments with its paragraphs broken where they have
// to be. The lines have their indentation.
func wrapGroup(lines []string) []string {
	var out, paragraph []string
	inList := false
	flush := func() {
		out = append(out, wrapParagraph(paragraph)...)
		paragraph = nil
	}
	for _, line := range lines {
		text := strings.TrimLeft(line, "\t ")
		rest := strings.TrimPrefix(text, "//")
		switch {
		case strings.TrimSpace(rest) == "":
			flush()
			inList = false
			out = append(out, line)
		case isFixed(text):
			flush()
			out = append(out, line)
		case isItem(rest) || inList:
			flush()
			inList = true
			out = append(out, line)
		default:
			paragraph = append(paragraph, line)
		}
	}
	flush()
	return out
}

// isFixed reports whether a comment line is not prose: a directive, code, or preformatted text.
func isFixed(text string) bool {
	return style.IsDirective(text) || style.IsPreformatted(text) || !strings.HasPrefix(text, "// ")
}

// isItem reports whether the text of a comment line begins with a marker.
func isItem(text string) bool {
	words := strings.Fields(text)
	return len(words) > 0 && marker.MatchString(words[0])
}

// wrapParagraph fills the lines of a paragraph if one of them is too long, and it is not a table.
func wrapParagraph(lines []string) []string {
	isLong := func(line string) bool { return style.Columns(line) > style.CommentLimit }
	if !slices.ContainsFunc(lines, isLong) || slices.ContainsFunc(lines, gap.MatchString) {
		return lines
	}
	indent := lines[0][:strings.Index(lines[0], "//")]
	var words []string
	for _, line := range lines {
		words = append(words, strings.Fields(strings.TrimPrefix(strings.TrimLeft(line, "\t "), "//"))...)
	}
	var out []string
	for _, line := range fill(words, style.CommentLimit-style.Columns(indent)-len("// ")) {
		out = append(out, indent+"// "+line)
	}
	return out
}

// fill puts the words on lines of at most so many characters. No line begins with a marker, which
// would make it an item of a list: the word before a marker goes with it.
func fill(words []string, width int) []string {
	var lines []string
	for len(words) > 0 {
		n, length := 1, utf8.RuneCountInString(words[0])
		for n < len(words) && length+1+utf8.RuneCountInString(words[n]) <= width {
			length += 1 + utf8.RuneCountInString(words[n])
			n++
		}
		fits := n
		for n < len(words) && n > 1 && marker.MatchString(words[n]) {
			n--
		}
		if n < len(words) && marker.MatchString(words[n]) {
			n = fits // there is no better place
		}
		lines = append(lines, strings.Join(words[:n], " "))
		words = words[n:]
	}
	return lines
}
