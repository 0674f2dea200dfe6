package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// GenDocsCommand returns the verb that writes the reference of the command line. It is hidden: only
// developers who change a command need it, and a test fails if docs/cli is out of step.
func GenDocsCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "gen-docs DIR",
		Short:  "Write a page of Markdown for each command into a directory",
		Hidden: true,
		Args:   Args(cobra.ExactArgs(1)),
		RunE:   func(cmd *cobra.Command, args []string) error { return genDocs(cmd.Root(), args[0]) },
	}
}

// genDocs replaces the pages in the directory by the pages of the command and of all commands below
// it, except hidden ones.
func genDocs(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, root.Name()+"*.md"))
	if err != nil {
		return err
	}
	for _, page := range old { // some are of commands that are gone
		if err := os.Remove(page); err != nil {
			return err
		}
	}
	root.DisableAutoGenTag = true // a date in each page would make each day a difference
	return doc.GenMarkdownTree(root, dir)
}
