package cli

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// helpColumns is how wide a help is: what fits on any terminal.
const helpColumns = 80

// help prints in a paragraph what a command is for, then examples, and then all the rest.
func help(c *cobra.Command, _ []string) { writeHelp(c.OutOrStdout(), c) }

func writeHelp(w io.Writer, c *cobra.Command) {
	text := c.Long
	if text == "" {
		text = c.Short
	}
	summary, rest, _ := strings.Cut(text, "\n\n")
	fmt.Fprintln(w, wrapped(summary, helpColumns))
	if c.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", strings.TrimRight(c.Example, "\n"))
	}
	if rest != "" {
		fmt.Fprintf(w, "\n%s\n", wrapped(rest, helpColumns))
	}
	fmt.Fprint(w, "\nUsage:\n")
	if c.Runnable() {
		fmt.Fprintf(w, "  %s\n", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND\n\nCommands:\n", c.CommandPath())
		for _, below := range c.Commands() {
			if below.IsAvailableCommand() || below.Name() == "help" {
				line := fmt.Sprintf("  %-*s  %s", below.NamePadding(), below.Name(), below.Short)
				fmt.Fprintln(w, wrapped(line, helpColumns))
			}
		}
	}
	if flags := c.LocalFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", flags.FlagUsagesWrapped(helpColumns))
	}
	if flags := c.InheritedFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(w, "\nFlags of all commands:\n%s", flags.FlagUsagesWrapped(helpColumns))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n\"%s COMMAND --help\" says more of a command.\n", c.CommandPath())
	}
}

// columnEnd is where the last column of an indented line begins.
var columnEnd = regexp.MustCompile(`^ +(\S.*?\s{2,})?`)

// wrapped breaks the lines of a text. Lines without an indentation are paragraphs, which are
// filled; an indented line goes on below its last column.
func wrapped(text string, columns int) string {
	var out []string
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, filled("", strings.Fields(strings.Join(paragraph, " ")), 0, columns)...)
			paragraph = nil
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		lead := columnEnd.FindString(line)
		switch {
		case line == "":
			flush()
			out = append(out, "")
		case lead == "":
			paragraph = append(paragraph, line)
		default:
			flush()
			if len(line) <= columns {
				out = append(out, line)
				break
			}
			out = append(out, filled(lead, strings.Fields(line[len(lead):]), len(lead), columns)...)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// filled are lines of words, of which the first begins with lead and the others with blanks.
func filled(lead string, words []string, indent, columns int) []string {
	var lines []string
	line := lead
	for i, word := range words {
		isFirst := i == 0 || line == strings.Repeat(" ", indent)
		if !isFirst && len([]rune(line))+1+len([]rune(word)) > columns {
			lines = append(lines, line)
			line, isFirst = strings.Repeat(" ", indent), true
		}
		if !isFirst {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
