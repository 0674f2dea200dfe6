package fault

import (
	"fmt"
	"strings"
)

// Text is an entry for a terminal, wrapped at 80 columns.
func (e Entry) Text() string {
	return fmt.Sprintf("%s: %s\n\n%s\n\nwhat to do:\n\n%s\n", e.Code, e.Title, wrapped(e.Cause), wrapped(e.Fix))
}

// Markdown is the page of the whole catalogue, docs/errors.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Error codes

Errors that the tool prints have a code, and the code has an entry here: what it means, how it comes about, and what to
do. ` + "`kbootstrap explain KB1001`" + ` shows the same without a network. A code never changes its meaning.

This page is written by ` + "`go test ./fault -update`" + ` from the catalogue in the room fault.
`)
	area := ""
	for _, e := range All() {
		if a := Area(e.Code); a != area {
			area = a
			fmt.Fprintf(&b, "\n## %s\n", area)
		}
		fmt.Fprintf(&b, "\n### %s: %s\n\n%s\n\n**What to do.** %s\n", e.Code, e.Title, wrapped(e.Cause), wrapped(e.Fix))
	}
	return b.String()
}

// Area is what the codes of a part of the catalogue are about, by their first two digits.
func Area(c Code) string {
	areas := map[string]string{
		"KB10": "The inventory", "KB11": "The command line",
		"KB20": "Host keys", "KB21": "Logging in and becoming root", "KB22": "Connections and the agent",
		"KB30": "Preflight checks",
		"KB40": "Artifacts", "KB41": "State, certificates and keys",
		"KB50": "Steps on hosts", "KB51": "Services that fail",
		"KB60": "Plans and refusals", "KB61": "Locks and runs that were cut off",
		"KB90": "Bugs",
	}
	return areas[string(c)[:min(len(c), 4)]]
}

// wrapped breaks paragraphs at 80 columns. Lines of commands stay as they are.
func wrapped(text string) string {
	var lines []string
	paragraph := ""
	flush := func() {
		if paragraph != "" {
			lines = append(lines, paragraph)
		}
		paragraph = ""
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "    ") || strings.TrimSpace(line) == "" {
			flush()
			lines = append(lines, strings.TrimRight(line, " "))
			continue
		}
		for _, word := range strings.Fields(line) {
			switch {
			case paragraph == "":
				paragraph = word
			case len([]rune(paragraph))+1+len([]rune(word)) > 80:
				flush()
				paragraph = word
			default:
				paragraph += " " + word
			}
		}
	}
	flush()
	return strings.Join(lines, "\n")
}
