//go:build e2e

package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// block is a block of a page of the documents: the lines of a command, or what lies in a fence.
type block struct {
	language string // of a fence; "" for output
	isOutput bool
	isCode   bool // a fence with a language
	lines    []string
}

// readBlocks returns the blocks of a page in their order. A line of a command that ends in a
// comment keeps it: it is the shell's.
func readBlocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	var open *block // a fence
	wasCommand := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		fence, isFence := strings.CutPrefix(line, "```")
		command, isCommand := strings.CutPrefix(line, "    ")
		isCommand = isCommand && open == nil
		switch {
		case isFence && open == nil:
			open = &block{language: fence, isCode: fence != "", isOutput: fence == ""}
		case isFence:
			all, open = append(all, *open), nil
		case open != nil:
			open.lines = append(open.lines, line)
		case isCommand && wasCommand:
			last := &all[len(all)-1]
			last.lines = append(last.lines, command)
		case isCommand:
			all = append(all, block{lines: []string{command}})
		}
		wasCommand = isCommand
	}
	if open != nil || len(all) == 0 {
		t.Fatalf("%s has %d blocks, or one without an end", page, len(all))
	}
	return all
}

// prints checks that a command printed what a page shows below it: each line of the page, except
// for "...", is a line of the output. Words with a digit (times, versions, sums) stand for any
// word.
func prints(t *testing.T, command, output string, shown []string) {
	t.Helper()
	printed := map[string]bool{}
	for line := range strings.Lines(output) {
		printed[shape(line)] = true
	}
	for _, line := range shown {
		if !strings.HasSuffix(strings.TrimSpace(line), "...") && shape(line) != "" && !printed[shape(line)] {
			t.Errorf("%s does not print\n%s\nbut\n%s", command, line, output)
		}
	}
}

var (
	withDigit = regexp.MustCompile(`\S*\d\S*`)
	blanks    = regexp.MustCompile(`\s+`)
)

// shape is a line without what differs from run to run.
func shape(line string) string {
	return strings.TrimSpace(blanks.ReplaceAllString(withDigit.ReplaceAllString(line, "0"), " "))
}

// TestShape: a line counts as another only where numbers differ.
func TestShape(t *testing.T) {
	const line = "w1   192.168.56.12  worker   80 changed   157 MB sent"
	if shape(line) != shape("w1  10.0.0.1 worker 79 changed 1 MB sent") {
		t.Error("numbers and blanks count")
	}
	for _, other := range []string{
		"w1 192.168.56.12 worker 80 changed", "w1 192.168.56.12 control 80 changed 157 MB sent",
	} {
		if shape(line) == shape(other) {
			t.Errorf("%q counts as %q", other, line)
		}
	}
}
