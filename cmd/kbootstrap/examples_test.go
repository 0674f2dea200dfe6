package main

import (
	"testing"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli/clitest"
)

// TestExamples parses each example that a command's help shows.
func TestExamples(t *testing.T) {
	if n := clitest.Examples(t, func() *cobra.Command { return (&app{}).root() }); n < 8 {
		t.Errorf("only %d examples were found", n)
	}
}

// TestEveryCommandIsDescribed: a command that people see says in short what it does, and refuses
// arguments that it does not take with the code for that.
func TestEveryCommandIsDescribed(t *testing.T) {
	clitest.Described(t, (&app{}).root(), func(err error) bool { return exitCode(err) == exitUsage })
}

// TestHelp: a help fits on a terminal, and begins with examples.
func TestHelp(t *testing.T) { clitest.Help(t, (&app{}).root()) }
