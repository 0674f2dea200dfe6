// Package cli is what our commands, kbootstrap and kblab, have in common on the command line: how
// they print errors, how signals end them, and how a tree of verbs is put together and documented.
// What a verb does is its command's own.
//
// Start at Root.
package cli

import (
	"io"

	"github.com/spf13/cobra"
)

// Streams are where a program reads from and writes to.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Root makes a command the root of a program's verbs. It prints neither errors nor usage by itself:
// whoever executes it does, with PrintErrors.
func Root(cmd *cobra.Command, s Streams) *cobra.Command {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetIn(s.In)
	cmd.SetOut(s.Out)
	cmd.SetErr(s.Err)
	cmd.SetFlagErrorFunc(FlagError)
	cmd.SetHelpFunc(help)
	return Group(cmd)
}
