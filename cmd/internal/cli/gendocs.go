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

// GenManCommand returns the verb that writes the manual pages of packages. It is hidden: whoever
// makes a release calls it.
func GenManCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "gen-man DIR",
		Short:  "Write a manual page for each command into a directory",
		Hidden: true,
		Args:   Args(cobra.ExactArgs(1)),
		RunE:   func(cmd *cobra.Command, args []string) error { return genMan(cmd.Root(), args[0]) },
	}
}

// genMan writes a page of section 1 for the command and for all commands below it, except hidden
// ones. Pages have the date of SOURCE_DATE_EPOCH, if that is set, and today's otherwise.
func genMan(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true // the date is in the header
	return doc.GenManTree(root, &doc.GenManHeader{
		Section: "1", Source: root.Name() + " " + root.Version, Manual: root.Name(),
	}, dir)
}
