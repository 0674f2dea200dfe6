// Package style holds the sources to STYLE.md where a program can: the length of lines, and words
// that have a better one. Its test walks the whole checkout. Start at Check and Prose.
package style

import (
	"fmt"

	"kbootstrap/workshop/internal/tree"
)

// A Rule is one thing that is checked.
type Rule string

// The rules.
const (
	CodeColumns    Rule = "code"    // lines of code have at most CodeLimit columns
	CommentColumns Rule = "comment" // lines of comments have at most CommentLimit columns
	Words          Rule = "words"   // comments, strings and pages have no word of words.txt
)

// Rules lists all rules.
var Rules = []Rule{CodeColumns, CommentColumns, Words}

// The limits of lines, in columns. A tab is TabWidth columns wide.
const (
	CodeLimit    = 120
	CommentLimit = 100
	TabWidth     = 4
)

// A Finding is one place that breaks a rule.
type Finding struct {
	Rule Rule
	Path string
	Line int
	Text string
}

func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Text) }

// Check returns what breaks a rule in a Go file. A generated file breaks none: its generator is to
// be changed.
func Check(f tree.File, words []Word) []Finding {
	if f.Generated {
		return nil
	}
	return append(columns(f), wordsOfGo(f, words)...)
}
