package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/node"
)

// nodeCommand is what the tool starts on a host over SSH. It is hidden, because people do not type
// it.
func nodeCommand(_ *app) *cobra.Command {
	return &cobra.Command{
		Use:    "node",
		Short:  "Serve one control machine over standard input and output",
		Hidden: true,
		Args:   cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Geteuid() != 0 {
				return errors.New("node: must run as root")
			}
			return node.Process(cmd.Context(), os.Stdin, os.Stdout, node.Options{})
		},
	}
}
