package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
)

// initCommand writes an inventory to start from.
func initCommand(a *app) *cobra.Command {
	var output string
	var force bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented inventory to start from",
		Long: `Write a commented inventory for one control plane and two workers, as Vagrant makes them. The inventory is
valid as it is. Its JSON Schema, which editors with the YAML language server find by a comment of the inventory, is
written to ` + inventory.SchemaFile + ` next to it.`,
		Example: "  kbootstrap init\n" +
			"  kbootstrap init -o - | less",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if output == "-" {
				_, err := fmt.Fprint(a.stdout, inventory.Template())
				return err
			}
			if err := writeNew(output, inventory.Template(), force); err != nil {
				return err
			}
			if err := writeSchemaFor(output); err != nil {
				return err
			}
			fmt.Fprintf(a.stderr, "kbootstrap: wrote %s; edit it, then: kbootstrap validate -i %s\n", output, output)
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "hosts.yaml", `file to write; "-" is standard output`)
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the file if it exists")
	return cmd
}

// writeNew writes a file that must not exist yet, unless force.
func writeNew(path, content string, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return cli.UsageError{Err: existing(path)}
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}

// existing is the error for a file that exists already.
type existing string

func (e existing) Error() string { return string(e) + " exists already" }
func (e existing) Hint() string  { return "--force overwrites it; -o writes another file" }
