package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kbootstrap/workshop/lab/components"
)

// labArtifactsCommand is "kbootstrap lab artifacts": the lab's mirror of programs and images, built where it lacks
// something.
func labArtifactsCommand(a *app) *cobra.Command {
	var spec components.Spec
	c := &cobra.Command{
		Use:   "artifacts",
		Short: "Build the lab's mirror of Kubernetes programs and images",
		Long: "Build the programs and images that the lab's clusters run from their published source, once per version,\n" +
			"and print the directory of the mirror that holds them. The first build takes some ten minutes.",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if spec.Mirror == "" {
				mirror, err := components.DefaultMirror()
				if err != nil {
					return err
				}
				spec.Mirror = mirror
			}
			spec.Log = func(line string) { fmt.Fprintf(a.stderr, "kbootstrap: %s\n", line) }
			err := components.Build(cmd.Context(), spec)
			var unknown components.UnknownVersion
			switch {
			case errors.As(err, &unknown):
				return exitError{exitUsage, fmt.Errorf("lab artifacts: %w", err)}
			case err != nil && cmd.Context().Err() != nil:
				return exitError{exitInterrupted, fmt.Errorf("lab artifacts: %w", err)}
			case err != nil:
				return fmt.Errorf("lab artifacts: %w", err)
			}
			fmt.Fprintln(a.stdout, spec.Mirror)
			return nil
		},
	}
	c.Flags().StringVar(&spec.Kubernetes, "kubernetes", components.DefaultKubernetes, "version of Kubernetes")
	c.Flags().StringVar(&spec.Mirror, "mirror", "", "directory of the mirror (default: in the user's cache directory)")
	return c
}
