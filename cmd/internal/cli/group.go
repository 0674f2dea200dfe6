package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/fault"
)

// Group makes a command that only has others below it: alone it shows its help, and a word that is none of them is a
// usage error. Left to itself, cobra shows the help of a nested one and counts that as done.
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

// unknownCommand is the error of a word that is no command.
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
	return fmt.Sprintf("%q lists them", e.below.CommandPath()+" --help")
}
