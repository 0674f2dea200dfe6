package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestExamples parses each example that a command's help shows: it names that command, or another, with flags that exist
// and arguments that it takes.
func TestExamples(t *testing.T) {
	examples := 0
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			for part := range strings.SplitSeq(strings.TrimSpace(line), "&&") {
				part, _, _ = strings.Cut(part, " | ")
				words := strings.Fields(part)
				if len(words) == 0 || words[0] != "kbootstrap" {
					continue
				}
				examples++
				root := (&app{}).root() // flags keep what was parsed
				cmd, args, err := root.Find(words[1:])
				if err != nil {
					t.Errorf("%s: %s: %v", c.CommandPath(), line, err)
					continue
				}
				if err := cmd.ParseFlags(args); err != nil {
					t.Errorf("%s: %s: %v", c.CommandPath(), line, err)
					continue
				}
				if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
					t.Errorf("%s: %s: %v", c.CommandPath(), line, err)
				}
			}
		}
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	visit((&app{}).root())
	if examples < 8 {
		t.Errorf("only %d examples were found", examples)
	}
}

// TestEveryCommandIsDescribed: a command that people see says in short what it does, and refuses arguments that it does
// not take with the code for that.
func TestEveryCommandIsDescribed(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short %q", c.CommandPath(), c.Short)
		}
		if c.Args == nil {
			t.Errorf("%s takes any arguments", c.CommandPath())
		} else if err := c.ValidateArgs(strings.Fields("a b c d e f g")); err != nil && exitCode(err) != exitUsage {
			t.Errorf("%s: too many arguments have code %d", c.CommandPath(), exitCode(err))
		}
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	visit((&app{}).root())
}
