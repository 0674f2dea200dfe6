package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/internal/atomic"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// schemaCommand writes the JSON Schema of inventories.
func schemaCommand(a *app) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of inventories, for editors and CI",
		Long: `Print the JSON Schema of inventories, for editors and CI. What it refuses, "validate" refuses too; "validate"
also knows what depends on several values, such as networks that overlap.

"init" writes the schema to ` + inventory.SchemaFile + ` next to the inventory, where the inventory's first comment leads
editors to. With a newer version of the tool, write it again.`,
		Example: "  kbootstrap schema -o " + inventory.SchemaFile + "\n" +
			"  kbootstrap schema | less",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if output != "-" {
				return writeSchema(output)
			}
			text, err := inventory.Schema(component.Rules())
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "-", `file to write; "-" is standard output`)
	return cmd
}

// writeSchema writes the schema to a file, which may exist.
func writeSchema(path string) error {
	text, err := inventory.Schema(component.Rules())
	if err != nil {
		return err
	}
	// The state directory, in which others may have nothing to look for, is made by whoever is
	// first.
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomic.WriteFile(path, text, 0o644)
}

// writeSchemaFor writes the schema to where the inventory in a file leads editors to.
func writeSchemaFor(path string) error {
	return writeSchema(filepath.Join(filepath.Dir(path), filepath.FromSlash(inventory.SchemaFile)))
}
