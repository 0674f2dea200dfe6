package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/fault"
)

// Group makes a command that only has others below it: alone it shows its help, and a word that is
// not one of them is a usage error. Cobra by itself would show the help of a nested group and exit
// with 0.
func Group(cmd *cobra.Command) *cobra.Command {
	cmd.DisableFlagsInUseLine = true
	cmd.SuggestionsMinimumDistance = 2 // letters; cobra's own default, which it only sets for its own message
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return UsageError{unknownCommand{args[0], cmd}}
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// unknownCommand is the error for a word that is not a command.
type unknownCommand struct {
	word  string
	below *cobra.Command
}

func (e unknownCommand) Error() string {
	return fmt.Sprintf("unknown command %q for %q", e.word, e.below.CommandPath())
}

func (e unknownCommand) Fault() fault.Code { return fault.UnknownCommand }

func (e unknownCommand) Hint() string {
	if like := e.below.SuggestionsFor(e.word); len(like) > 0 {
		return "did you mean " + strings.Join(like, " or ") + "?"
	}
	return fmt.Sprintf("%q lists the commands", e.below.CommandPath()+" --help")
}
