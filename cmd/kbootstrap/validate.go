package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// validateCommand checks an inventory without touching any host.
func validateCommand(a *app) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the inventory; touches no host",
		Example: "  kbootstrap validate -i hosts.yaml\n" +
			"  generate | kbootstrap validate -i -",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			c, err := a.validate(path)
			if err != nil {
				return cli.UsageError{Err: err}
			}
			for _, w := range c.Warnings {
				fmt.Fprintln(a.stderr, "warning:", w.Warning())
			}
			warnOfAbsent(a.stderr, c)
			_, err = fmt.Fprintf(a.stdout, "%s: ok: cluster %s, %s, Kubernetes %s\n", path, c.Name,
				hostCount(len(c.Hosts)), c.Kubernetes)
			return err
		},
	}
	cmd.Flags().StringVarP(&path, "inventory", "i", "hosts.yaml", `the inventory file; "-" is standard input`)
	return cmd
}

// validate reads an inventory from a file or from standard input.
func (a *app) validate(path string) (*inventory.Cluster, error) {
	if path != "-" {
		return inventory.Load(path, component.Rules())
	}
	// One byte more than an inventory may have is enough to be refused for its size.
	data, err := io.ReadAll(io.LimitReader(a.stdin, inventory.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read inventory from standard input: %w", err)
	}
	return inventory.Parse(path, data, component.Rules())
}
